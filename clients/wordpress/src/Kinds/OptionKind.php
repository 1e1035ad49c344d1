<?php

declare(strict_types=1);

namespace Cognate\WordPress\Kinds;

use Cognate\V1\FieldType;
use Cognate\WordPress\Refused;

/** Options that are named in the settings, each with its value as JSON. */
final class OptionKind implements Kind
{
    /** What decides who may do what, where the site is, or which code runs, is never written from outside. */
    private const NEVER = '/^(siteurl|home|admin_email|new_admin_email|users_can_register|default_role|active_plugins|template|stylesheet|upload_path|upload_url_path|cron|recently_edited|cognate.*|.*user_roles|_transient.*|_site_transient.*|auth_.*|.*_(key|salt|secret|password|token))$/i';

    /** @var list<string> */
    private readonly array $names;

    /** @param list<string> $names */
    public function __construct(private readonly \wpdb $database, array $names)
    {
        $this->names = array_values(array_filter($names, static fn (string $name): bool => preg_match(self::NEVER, $name) !== 1));
    }

    public function name(): string
    {
        return 'option';
    }

    public function title(): string
    {
        return 'option_name';
    }

    public function uniques(): array
    {
        return [];
    }

    public function fields(): array
    {
        return [
            'option_name' => Field::text('option_name', 191),
            'value' => new Field('value', FieldType::FIELD_TYPE_JSON, false),
        ];
    }

    public function read(string $localId): ?array
    {
        $options = $this->database->options;
        $stored = in_array($localId, $this->names, true) ? $this->database->get_var($this->database->prepare("SELECT option_value FROM `$options` WHERE option_name = %s", $localId)) : null;
        return $stored === null ? null : ['option_name' => $localId, 'value' => Meta::json((string) $stored)];
    }

    public function lock(string $localId): bool
    {
        $options = $this->database->options;
        $found = $this->database->get_var($this->database->prepare("SELECT option_id FROM `$options` WHERE option_name = %s FOR UPDATE", $localId)) !== null;
        wp_cache_delete($localId, 'options');
        wp_cache_delete('alloptions', 'options');
        wp_cache_delete('notoptions', 'options');
        return $found;
    }

    public function write(?string $localId, array $values): string
    {
        $name = $localId ?? (string) ($values['option_name'] ?? '');
        if (!in_array($name, $this->names, true)) {
            throw Refused::rejected('OPTION_NOT_SYNCED', 'this option is not among those that the settings name', 'option_name');
        }
        if (array_key_exists('value', $values)) {
            update_option($name, json_decode((string) $values['value'], true));
        }
        return $name;
    }

    public function delete(string $localId): void
    {
        delete_option($localId);
    }

    public function find(array $values): array
    {
        $name = array_keys($values) === ['option_name'] ? (string) $values['option_name'] : '';
        return $name !== '' && $this->read($name) !== null ? [$name] : [];
    }

    public function page(string $after, int $limit): array
    {
        $names = $this->names;
        sort($names, SORT_STRING);
        return array_slice(array_values(array_filter($names, static fn (string $name): bool => strcmp($name, $after) > 0)), 0, $limit);
    }

    public function finish(string $localId): void
    {
    }
}
