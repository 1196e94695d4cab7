-- Count a share of a post.
-- post_id: text
INSERT INTO content_posts (
    post_id, author_id, caption, media_type, status, text_version, media, like_count, share_count, comment_count
)
VALUES (%(post_id)s, '', '', 'none', '', 1, '[]', 0, 1, 0)
ON CONFLICT (post_id) DO UPDATE SET share_count = content_posts.share_count + 1
