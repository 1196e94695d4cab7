"""A team's own user model: people are known by their e-mail address."""

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models


class People(BaseUserManager["Person"]):
    """Makes people."""

    def create_superuser(self, email: str, password: str) -> "Person":
        """Somebody who may do everything."""
        person = self.model(email=email, is_staff=True, is_superuser=True)
        person.set_password(password)
        person.save()
        return person


class Person(AbstractBaseUser, PermissionsMixin):
    """Somebody with an account."""

    email = models.EmailField(primary_key=True)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    objects = People()

    USERNAME_FIELD = "email"

    class Meta:
        app_label = "own_users"
