<?php

declare(strict_types=1);

namespace Cognate\WordPress;

use Cognate\WordPress\Kinds\Kinds;
use Cognate\WordPress\Kinds\Meta;

/** Which of WordPress' hooks mean that a record has changed. A hook too many costs one look at the record when it is its turn. */
final class Hooks
{
    private const POST_META = ['_thumbnail_id', '_wp_attached_file', '_wp_attachment_image_alt'];
    private const USER_META = ['first_name', 'last_name', 'nickname', 'description', 'locale'];
    /** @var array<string, Meta> */
    private array $metas = [];

    public function __construct(private readonly Capture $capture, private readonly Kinds $kinds, private readonly \wpdb $database, private readonly Settings $settings)
    {
    }

    public function listen(): void
    {
        foreach (['pre_post_update', 'save_post', 'trashed_post', 'untrashed_post', 'add_attachment', 'edit_attachment', 'post_stuck', 'post_unstuck'] as $hook) {
            add_action($hook, fn (mixed $id) => $this->post((int) $id), PHP_INT_MAX);
        }
        foreach (['before_delete_post', 'deleted_post', 'delete_attachment', 'clean_post_cache'] as $hook) {
            add_action($hook, fn (mixed $id, mixed $post = null) => $this->post((int) $id, $post), PHP_INT_MAX, 2);
        }
        add_action('transition_post_status', fn (mixed $new, mixed $old, mixed $post) => $this->post((int) ($post->ID ?? 0), $post), PHP_INT_MAX, 3);
        foreach (['set_object_terms', 'added_term_relationship', 'deleted_term_relationships'] as $hook) {
            add_action($hook, fn (mixed $id) => $this->post((int) $id), PHP_INT_MAX);
        }
        foreach (['user_register', 'profile_update', 'deleted_user', 'set_user_role', 'add_user_role', 'remove_user_role', 'wp_set_password'] as $hook) {
            add_action($hook, fn (mixed $first, mixed $second = 0) => $this->user($hook === 'wp_set_password' ? (int) $second : (int) $first), PHP_INT_MAX, 2);
        }
        add_action('delete_user', fn (mixed $id) => $this->userGoes((int) $id), 0);
        foreach (['created_term', 'edited_term', 'delete_term'] as $hook) {
            add_action($hook, fn (mixed $id, mixed $place, mixed $taxonomy) => $this->term((int) $id, (string) $taxonomy), PHP_INT_MAX, 3);
        }
        add_action('edited_term_taxonomies', fn (mixed $ids) => $this->places((array) $ids), PHP_INT_MAX);
        foreach (['post', 'user', 'term', 'comment'] as $type) {
            foreach (["added_{$type}_meta", "updated_{$type}_meta", "deleted_{$type}_meta"] as $hook) {
                add_action($hook, fn (mixed $ids, mixed $id, mixed $key) => $this->meta($type, (int) $id, (string) $key), PHP_INT_MAX, 3);
            }
        }
        foreach (['wp_insert_comment', 'edit_comment', 'deleted_comment', 'trashed_comment', 'untrashed_comment', 'spammed_comment', 'unspammed_comment', 'wp_set_comment_status'] as $hook) {
            add_action($hook, fn (mixed $id) => $this->comment((int) $id), PHP_INT_MAX);
        }
        foreach (['added_option', 'updated_option', 'deleted_option'] as $hook) {
            add_action($hook, fn (mixed $name) => $this->option((string) $name), PHP_INT_MAX);
        }
    }

    private function post(int $id, mixed $post = null): void
    {
        // What an editor keeps while somebody types is none of anybody else's.
        if ($id <= 0 || (defined('DOING_AUTOSAVE') && DOING_AUTOSAVE)) {
            return;
        }
        $type = is_object($post) && isset($post->post_type) ? $post->post_type : get_post_type($id);
        if (is_string($type) && in_array($type, $this->settings->list('post_types'), true) && $type !== 'revision') {
            $status = is_object($post) && isset($post->post_status) ? $post->post_status : get_post_field('post_status', $id, 'raw');
            $status === 'auto-draft' || $this->capture->mark("post.$type", $id);
        }
    }

    private function user(int $id): void
    {
        $this->settings->isOn('users') && $this->capture->mark('user', $id);
    }

    /** WordPress gives the user's posts to somebody else without a word. They go first. */
    private function userGoes(int $id): void
    {
        if (!$this->settings->isOn('users')) {
            return;
        }
        $posts = $this->database->posts;
        foreach ($this->database->get_results($this->database->prepare("SELECT ID, post_type, post_status FROM `$posts` WHERE post_author = %d", $id)) ?? [] as $post) {
            $this->post((int) $post->ID, $post);
        }
        $this->user($id);
    }

    private function term(int $id, string $taxonomy): void
    {
        in_array($taxonomy, $this->settings->list('taxonomies'), true) && $this->capture->mark("term.$taxonomy", $id);
    }

    /** Children of a deleted term. @param array<mixed> $ids of places in taxonomies */
    private function places(array $ids): void
    {
        $table = $this->database->term_taxonomy;
        foreach ($ids as $id) {
            $row = $this->database->get_row($this->database->prepare("SELECT term_id, taxonomy FROM `$table` WHERE term_taxonomy_id = %d", (int) $id));
            $row === null || $this->term((int) $row->term_id, $row->taxonomy);
        }
    }

    private function meta(string $type, int $id, string $key): void
    {
        $meta = $this->metas[$type] ??= $this->kinds->meta($type === 'comment' ? 'post' : $type);
        match ($type) {
            'post' => ($meta->has($key) || in_array($key, self::POST_META, true)) && $this->post($id),
            'user' => ($meta->has($key) || in_array($key, self::USER_META, true) || str_ends_with($key, 'capabilities')) && $this->user($id),
            'term' => $meta->has($key) && $this->termOfMeta($id),
            default => null,
        };
    }

    private function termOfMeta(int $id): void
    {
        $table = $this->database->term_taxonomy;
        foreach ($this->database->get_col($this->database->prepare("SELECT taxonomy FROM `$table` WHERE term_id = %d", $id)) as $taxonomy) {
            $this->term($id, $taxonomy);
        }
    }

    private function comment(int $id): void
    {
        $this->settings->isOn('comments') && $this->capture->mark('comment', $id);
    }

    private function option(string $name): void
    {
        in_array($name, $this->settings->list('options'), true) && $this->capture->mark('option', $name);
    }
}
