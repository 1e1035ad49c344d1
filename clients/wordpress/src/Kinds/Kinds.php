<?php

declare(strict_types=1);

namespace Cognate\WordPress\Kinds;

use Cognate\WordPress\Files\FileIndex;
use Cognate\WordPress\Settings;

/** The models that the settings let travel. */
final class Kinds
{
    /** @var array<string, Kind>|null */
    private ?array $all = null;

    public function __construct(private readonly \wpdb $database, private readonly Settings $settings, private readonly FileIndex $files)
    {
    }

    /** @return array<string, Kind> by name; parents before what refers to them */
    public function all(): array
    {
        return $this->all ??= $this->make();
    }

    public function named(string $name): ?Kind
    {
        return $this->all()[$name] ?? null;
    }

    public function ofPost(string $type): ?Kind
    {
        return $this->named("post.$type");
    }

    public function ofTerm(string $taxonomy): ?Kind
    {
        return $this->named("term.$taxonomy");
    }

    /** After the settings have changed. */
    public function forget(): void
    {
        $this->all = null;
    }

    /** @return array<string, Kind> */
    private function make(): array
    {
        $settings = $this->settings;
        // What a plugin has registered no longer, or not yet, cannot be written.
        $types = array_values(array_filter($settings->list('post_types'), post_type_exists(...)));
        $taxonomies = array_values(array_filter($settings->list('taxonomies'), taxonomy_exists(...)));
        $hasUsers = $settings->isOn('users');
        $kinds = [];
        if ($hasUsers) {
            $kinds[] = new UserKind(
                $this->database,
                $this->meta('user'),
                $settings->list('roles'),
                $settings->text('new_user_role'),
                $settings->isOn('passwords'),
                $settings->isOn('administrators'),
            );
        }
        foreach ($taxonomies as $taxonomy) {
            $kinds[] = new TermKind($this->database, $taxonomy, $this->meta('term'));
        }
        if (in_array('attachment', $types, true)) {
            $kinds[] = new AttachmentKind($this->database, $this->files, $this->meta('post'), $hasUsers);
        }
        foreach (array_diff($types, ['attachment', 'revision']) as $type) {
            $kinds[] = new PostKind(
                $this->database,
                $type,
                $this->meta('post'),
                $settings->list('statuses'),
                $taxonomies,
                $types,
                $hasUsers,
                $settings->text('on_delete') !== 'delete',
            );
        }
        if ($settings->isOn('comments')) {
            $kinds[] = new CommentKind($this->database, array_values(array_diff($types, ['attachment'])), $hasUsers);
        }
        if ($settings->list('options') !== []) {
            $kinds[] = new OptionKind($this->database, $settings->list('options'));
        }
        $named = [];
        foreach ($kinds as $kind) {
            $named[$kind->name()] = $kind;
        }
        return $named;
    }

    public function meta(string $type): Meta
    {
        return new Meta($this->database, $this->files, $type, $this->settings->list("{$type}_meta"));
    }
}
