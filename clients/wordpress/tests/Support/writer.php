<?php

// Somebody who works on a site: WRITER="SEED WRITES" in request.php. Says what is to be there in the end, by name.

declare(strict_types=1);

use Cognate\Tests\WordPress\Support\Picture;

return (static function (): array {
    require_once __DIR__ . '/Picture.php';
    require_once ABSPATH . 'wp-admin/includes/user.php';
    [$seed, $writes] = array_map('intval', explode(' ', (string) getenv('WRITER')));
    mt_srand($seed);
    wp_set_current_user(1);
    $here = get_option('blogname') . "-$seed";
    $kept = ['users' => [], 'posts' => [], 'terms' => [], 'attachments' => []];
    $any = static fn (array $ids): int => $ids === [] ? 0 : (int) $ids[mt_rand(0, count($ids) - 1)];
    $posts = static fn (string $status = 'any'): array => get_posts(['post_type' => 'post', 'post_status' => $status, 'numberposts' => -1, 'fields' => 'ids', 'orderby' => 'ID']);
    $terms = static fn (string $taxonomy): array => get_terms(['taxonomy' => $taxonomy, 'hide_empty' => false, 'fields' => 'ids', 'orderby' => 'term_id']);
    $pictures = static fn (): array => get_posts(['post_type' => 'attachment', 'post_status' => 'inherit', 'numberposts' => -1, 'fields' => 'ids', 'orderby' => 'ID']);
    $users = static fn (): array => get_users(['fields' => 'ID', 'orderby' => 'ID', 'exclude' => [1]]);
    for ($i = 0; $i < $writes; $i++) {
        $name = "$here-$i";
        switch ($i < 5 ? [0, 2, 4, 5, 6][$i] : mt_rand(0, 12)) {
            case 0:
                $id = wp_insert_user(['user_login' => $name, 'user_email' => "$name@example.org", 'user_pass' => 'geheim', 'first_name' => "Jörg $i", 'role' => 'author']);
                update_user_meta($id, 'badge', "badge of $name");
                $kept['users'][] = $name;
                break;
            case 1:
                $id = $any($users());
                $id > 0 && wp_update_user(['ID' => $id, 'display_name' => "by $name", 'description' => 'Ää "quotes" \\ and so on']);
                break;
            case 2:
                wp_insert_term($name, 'category', ['description' => "of $here", 'parent' => mt_rand(0, 1) === 1 ? $any($terms('category')) : 0]);
                $kept['terms'][] = $name;
                break;
            case 3:
                wp_insert_term($name, 'post_tag');
                $kept['terms'][] = $name;
                break;
            case 4:
                Picture::upload($name, $seed * 1000 + $i);
                $kept['attachments'][] = $name;
                break;
            case 5:
            case 6:
            case 7:
                $id = wp_insert_post(wp_slash([
                    'post_title' => $name, 'post_content' => "<p>Text \\ of \"$name\" äöü 🎈</p><!-- wp:paragraph --><p>$i</p>", 'post_status' => ['publish', 'draft', 'private'][mt_rand(0, 2)],
                    'post_author' => $any($users()) ?: 1, 'post_category' => [$any($terms('category'))], 'tags_input' => [],
                ]));
                wp_set_object_terms($id, array_filter([$any($terms('post_tag'))]), 'post_tag');
                $any($pictures()) > 0 && set_post_thumbnail($id, $any($pictures()));
                update_post_meta($id, 'layout', ['columns' => 2, 'names' => ['ä', 'b'], 'deep' => ['x' => [1, '2', null, true]]]);
                update_post_meta($id, 'gallery', array_values(array_filter([$any($pictures()), $any($pictures())])));
                add_post_meta($id, 'colour', 'red');
                add_post_meta($id, 'colour', $name);
                $kept['posts'][$name] = $name;
                break;
            case 8:
                $id = $any($posts());
                $id > 0 && wp_update_post(wp_slash(['ID' => $id, 'post_content' => "<p>edited by $name</p>"]));
                break;
            case 9:
                $id = $any($posts());
                $id > 0 && wp_set_object_terms($id, array_filter([$any($terms('post_tag')), $any($terms('post_tag'))]), 'post_tag');
                break;
            case 10:
                $id = $any($posts());
                $id > 0 && update_post_meta($id, 'layout', ['columns' => $i, 'by' => $name]);
                break;
            case 11:
                $mine = array_values(array_filter($posts(), static fn (int $id): bool => str_starts_with(get_the_title($id), "$here-")));
                $id = $any($mine);
                if ($id > 0 && mt_rand(0, 1) === 1) {
                    unset($kept['posts'][str_replace('Private: ', '', get_post_field('post_title', $id))]);
                    mt_rand(0, 1) === 1 ? wp_delete_post($id, true) : wp_trash_post($id);
                }
                break;
            case 12:
                $id = $any($pictures());
                $id > 0 && update_post_meta($id, '_wp_attachment_image_alt', "seen by $name");
                break;
        }
    }
    return array_map('array_values', $kept);
})();
