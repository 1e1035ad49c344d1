<?php

declare(strict_types=1);

namespace Cognate\WordPress;

/** What an administrator has chosen. The key is not among it. */
final class Settings
{
    public const OPTION = 'cognate';
    public const DEFAULTS = [
        'address' => '', 'platform' => '', 'key_file' => '', 'ca_file' => '', 'plaintext' => false,
        'post_types' => ['post', 'page', 'attachment'], 'statuses' => ['publish', 'future', 'draft', 'pending', 'private'],
        'taxonomies' => ['category', 'post_tag'], 'users' => true, 'comments' => false, 'options' => [],
        'post_meta' => [], 'user_meta' => [], 'term_meta' => [],
        'roles' => [], 'new_user_role' => 'subscriber', 'passwords' => false, 'administrators' => false,
        'acting_user' => 0, 'on_delete' => 'trash', 'send' => 'auto', 'work_seconds' => 20, 'lease_seconds' => 60,
    ];

    /** @var array<string, mixed> */
    private array $values;

    public function __construct()
    {
        $this->load();
    }

    public function load(): void
    {
        $stored = get_option(self::OPTION);
        $this->values = array_merge(self::DEFAULTS, is_array($stored) ? array_intersect_key($stored, self::DEFAULTS) : []);
    }

    /** @param array<string, mixed> $values */
    public function save(array $values): void
    {
        $this->values = array_merge($this->values, array_intersect_key($values, self::DEFAULTS));
        update_option(self::OPTION, $this->values, true);
    }

    /** A constant `COGNATE_ADDRESS` in wp-config.php counts more than what is stored. */
    public function text(string $name): string
    {
        $constant = 'COGNATE_' . strtoupper($name);
        $value = defined($constant) ? constant($constant) : $this->values[$name];
        return is_scalar($value) ? (string) $value : '';
    }

    public function isOn(string $name): bool
    {
        return filter_var($this->text($name), FILTER_VALIDATE_BOOLEAN);
    }

    public function number(string $name): int
    {
        return (int) $this->text($name);
    }

    /** @return list<string> */
    public function list(string $name): array
    {
        return array_values(array_filter(array_map('strval', (array) $this->values[$name]), static fn (string $text): bool => $text !== ''));
    }

    public function isReady(): bool
    {
        return $this->text('address') !== '' && $this->text('platform') !== '';
    }
}
