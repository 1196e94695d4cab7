"""The rules of follows, likes and shares."""

from events.testing import given
from nova.services.social.aggregates.follow import FollowUser, UnfollowUser
from nova.services.social.aggregates.like import LikePost, UnlikePost
from nova.services.social.aggregates.share import SharePost
from nova.services.social.events import PostLiked, PostShared, PostUnliked, UserFollowed, UserUnfollowed


def test_nobody_follows_twice_or_themselves() -> None:
    follow, unfollow = FollowUser(follower_id="a", followed_id="b"), UnfollowUser(follower_id="a", followed_id="b")
    followed, unfollowed = (kind(follower_id="a", followed_id="b") for kind in (UserFollowed, UserUnfollowed))
    given().when(follow, aggregate_id="a:b").then(followed)
    given(followed).when(follow, aggregate_id="a:b").then_refused("already_following")
    given(followed).when(unfollow, aggregate_id="a:b").then(unfollowed)
    given(followed, unfollowed).when(follow, aggregate_id="a:b").then(followed)
    given().when(unfollow, aggregate_id="a:b").then_refused("not_following")
    given().when(FollowUser(follower_id="a", followed_id="a"), aggregate_id="a:a").then_refused("cannot_follow_oneself")


def test_the_id_of_a_pair_is_the_pair() -> None:
    given().when(FollowUser(follower_id="a", followed_id="b"), aggregate_id="a:c").then_refused("not_this_pair")
    given().when(LikePost(post_id="p:u", user_id="v"), aggregate_id="p:u:v").then_refused("not_this_pair")


def test_nobody_likes_twice() -> None:
    like, unlike = LikePost(post_id="p", user_id="u"), UnlikePost(post_id="p", user_id="u")
    liked, unliked = PostLiked(post_id="p", user_id="u"), PostUnliked(post_id="p", user_id="u")
    given().when(like, aggregate_id="p:u").then(liked)
    given(liked).when(like, aggregate_id="p:u").then_refused("already_liked")
    given(liked).when(unlike, aggregate_id="p:u").then(unliked)
    given(liked, unliked).when(like, aggregate_id="p:u").then(liked)
    given().when(unlike, aggregate_id="p:u").then_refused("not_liked")


def test_a_share_happens_once() -> None:
    shared = PostShared(post_id="p", sharer_id="u")
    given().when(SharePost(post_id="p", sharer_id="u")).then(shared)
    given(shared).when(SharePost(post_id="p", sharer_id="u")).then_refused("already_shared")
