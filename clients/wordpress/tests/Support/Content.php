<?php

declare(strict_types=1);

namespace Cognate\Tests\WordPress\Support;

/** What a site holds, read from its tables and its uploads by other means than the plugin's, and without the ids that each site has for itself. */
final class Content
{
    /** @return array<string, list<array<string, mixed>>> */
    public static function of(Site $site): array
    {
        $content = [
            'users' => self::users($site),
            'terms' => $site->rows("SELECT x.taxonomy, t.slug, t.name, x.description, IFNULL(p.slug, '') AS parent FROM {terms} t JOIN {term_taxonomy} x ON x.term_id = t.term_id
                LEFT JOIN {terms} p ON p.term_id = x.parent WHERE x.taxonomy IN ('category', 'post_tag') ORDER BY 1, 2, 3"),
            'attachments' => self::attachments($site),
            'posts' => self::posts($site),
        ];
        return $content;
    }

    /** @return list<array<string, mixed>> */
    private static function users(Site $site): array
    {
        // An administrator's own data stay on each site.
        $users = $site->rows("SELECT ID, user_login, user_email, display_name, user_url FROM {users} WHERE user_login <> 'admin' ORDER BY user_login, ID");
        return array_map(static fn (array $user): array => array_diff_key($user, ['ID' => 0])
            + self::meta($site, 'usermeta', 'user_id', $user['ID'], ['first_name', 'last_name', 'description', 'badge']), $users);
    }

    /** @return list<array<string, mixed>> */
    private static function attachments(Site $site): array
    {
        $found = [];
        foreach ($site->rows("SELECT ID, post_title, post_excerpt, post_mime_type FROM {posts} WHERE post_type = 'attachment' ORDER BY post_title, ID") as $row) {
            $found[] = ['post_title' => $row['post_title'], 'post_excerpt' => $row['post_excerpt'], 'post_mime_type' => $row['post_mime_type']] + self::file($site, (string) $row['ID']);
        }
        return $found;
    }

    /** @return array<string, mixed> */
    private static function file(Site $site, string $id): array
    {
        $meta = self::meta($site, 'postmeta', 'post_id', $id, ['_wp_attached_file', '_wp_attachment_image_alt', '_wp_attachment_metadata']);
        $path = $site->content . '/uploads/' . ($meta['_wp_attached_file'][0] ?? '-');
        $metadata = @unserialize($meta['_wp_attachment_metadata'][0] ?? '', ['allowed_classes' => false]);
        $sizes = is_array($metadata) ? $metadata['sizes'] ?? [] : [];
        $missing = array_filter($sizes, static fn (array $size): bool => !is_file(dirname($path) . "/{$size['file']}"));
        return [
            'sha256' => is_file($path) ? hash_file('sha256', $path) : 'no file',
            'alt' => $meta['_wp_attachment_image_alt'][0] ?? '',
            'width' => $metadata['width'] ?? null,
            'sizes' => array_keys($sizes),
            'missing sizes' => array_keys($missing),
        ];
    }

    /** @return list<array<string, mixed>> */
    private static function posts(Site $site): array
    {
        $posts = $site->rows("SELECT p.ID, p.post_type, p.post_title, p.post_name, p.post_content, p.post_excerpt, p.post_status, p.post_date_gmt, p.menu_order, IFNULL(u.user_login, '') AS author,
            IFNULL(q.post_title, '') AS parent FROM {posts} p LEFT JOIN {users} u ON u.ID = p.post_author LEFT JOIN {posts} q ON q.ID = p.post_parent
            WHERE p.post_type IN ('post', 'page') AND p.post_status NOT IN ('trash', 'auto-draft') ORDER BY p.post_type, p.post_title, p.ID");
        return array_map(static function (array $post) use ($site): array {
            $id = (string) $post['ID'];
            $post['terms'] = array_column($site->rows("SELECT CONCAT(x.taxonomy, ' ', t.slug) AS term FROM {term_relationships} r JOIN {term_taxonomy} x ON x.term_taxonomy_id = r.term_taxonomy_id
                JOIN {terms} t ON t.term_id = x.term_id WHERE r.object_id = $id AND x.taxonomy IN ('category', 'post_tag') ORDER BY 1"), 'term');
            $meta = self::meta($site, 'postmeta', 'post_id', $id, ['_thumbnail_id', 'layout', 'gallery', 'colour']);
            $post['image'] = isset($meta['_thumbnail_id']) ? self::file($site, $meta['_thumbnail_id'][0]) : null;
            $gallery = @unserialize($meta['gallery'][0] ?? '', ['allowed_classes' => false]);
            $post['gallery'] = array_map(static fn (mixed $one): string => self::file($site, (string) $one)['sha256'], is_array($gallery) ? $gallery : []);
            $post['layout'] = $meta['layout'][0] ?? '';
            $post['colour'] = $meta['colour'] ?? [];
            unset($post['ID']);
            return $post;
        }, $posts);
    }

    /**
     * @param list<string> $keys
     * @return array<string, list<string>>
     */
    private static function meta(Site $site, string $table, string $column, string|int $id, array $keys): array
    {
        $list = implode(', ', array_map(static fn (string $key): string => "'$key'", $keys));
        $found = [];
        foreach ($site->rows("SELECT meta_key, meta_value FROM {" . $table . "} WHERE $column = $id AND meta_key IN ($list) ORDER BY meta_key, meta_value") as $row) {
            $found[$row['meta_key']][] = $row['meta_value'];
        }
        return $found;
    }
}
