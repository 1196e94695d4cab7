-- Give a user an e-mail address, in place of the one before. An address that another user has is refused by the constraint,
-- after the other's transaction has ended.
-- user_id, address: text
INSERT INTO user_accounts (user_id, address)
VALUES (%(user_id)s, %(address)s)
ON CONFLICT (user_id) DO UPDATE SET address = excluded.address
