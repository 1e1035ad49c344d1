<?php

declare(strict_types=1);

namespace Cognate\WordPress\Kinds;

use Cognate\V1\FieldType;
use Cognate\WordPress\Refused;

/** Users. What they may do here is decided here: roles travel only if they are allowed by name, hashes of passwords only if it is said. */
final class UserKind implements Kind
{
    private const COLUMNS = ['user_login' => 60, 'user_email' => 100, 'user_nicename' => 50, 'user_url' => 100, 'display_name' => 250];
    private const METAS = ['first_name', 'last_name', 'nickname', 'description', 'locale'];
    /** What `wp_check_password` understands: phpass and bcrypt; the last one from WordPress 6.8 on. */
    private const HASH = '/^(\$P\$B|\$2y\$|\$wp\$2y\$)[.\/A-Za-z0-9$]{20,200}$/D';

    /** @var array<string, Field>|null */
    private ?array $fields = null;

    /** @param list<string> $roles that a delivery may give and take */
    public function __construct(
        private readonly \wpdb $database,
        private readonly Meta $meta,
        private readonly array $roles,
        private readonly string $newRole,
        private readonly bool $hasPasswords,
        private readonly bool $writesAdministrators,
    ) {
    }

    public function name(): string
    {
        return 'user';
    }

    public function title(): string
    {
        return 'user_login';
    }

    public function uniques(): array
    {
        return [['user_login'], ['user_email']];
    }

    public function fields(): array
    {
        if ($this->fields === null) {
            $fields = [Field::key('ID')];
            foreach (self::COLUMNS as $name => $length) {
                $fields[] = Field::text($name, $length);
            }
            $fields[] = Field::time('user_registered');
            foreach (self::METAS as $name) {
                $fields[] = Field::text($name);
            }
            if ($this->roles !== []) {
                $fields[] = new Field('roles', FieldType::FIELD_TYPE_LIST, false);
            }
            if ($this->hasPasswords) {
                $fields[] = Field::text('user_pass', 255);
            }
            $this->fields = array_column($fields, null, 'name') + $this->meta->fields();
        }
        return $this->fields;
    }

    public function read(string $localId): ?array
    {
        $row = $this->row($localId);
        if ($row === null) {
            return null;
        }
        $id = (int) $row->ID;
        $values = ['ID' => $id];
        foreach (array_keys(self::COLUMNS) as $name) {
            $values[$name] = (string) $row->{$name};
        }
        $isSet = !str_starts_with((string) $row->user_registered, '0000');
        $values['user_registered'] = $isSet ? new \DateTimeImmutable((string) $row->user_registered, new \DateTimeZone('UTC')) : null;
        $stored = $this->meta->rows($id, [...self::METAS, $this->database->get_blog_prefix() . 'capabilities']);
        foreach (self::METAS as $name) {
            $values[$name] = $stored[$name][0] ?? '';
        }
        if ($this->roles !== []) {
            $capabilities = @unserialize($stored[$this->database->get_blog_prefix() . 'capabilities'][0] ?? '', ['allowed_classes' => false]);
            $has = array_keys(array_filter(is_array($capabilities) ? $capabilities : []));
            $values['roles'] = array_values(array_intersect($this->roles, $has));
        }
        if ($this->hasPasswords) {
            $values['user_pass'] = (string) $row->user_pass;
        }
        return $values + $this->meta->read($id);
    }

    private function row(string $localId, string $lock = ''): ?object
    {
        $users = $this->database->users;
        return $this->database->get_row($this->database->prepare("SELECT * FROM `$users` WHERE ID = %d $lock", (int) $localId));
    }

    public function lock(string $localId): bool
    {
        $found = $this->row($localId, 'FOR UPDATE') !== null;
        clean_user_cache((int) $localId);
        wp_cache_delete((int) $localId, 'user_meta');
        return $found;
    }

    public function write(?string $localId, array $values): string
    {
        $id = (int) $localId;
        if ($this->isProtected($id)) {
            // It is the same user, and stays as it is here.
            return (string) $id;
        }
        $given = array_map('strval', array_intersect_key($values, self::COLUMNS + array_flip(self::METAS)));
        if (($values['user_registered'] ?? null) instanceof \DateTimeImmutable) {
            $given['user_registered'] = $values['user_registered']->setTimezone(new \DateTimeZone('UTC'))->format('Y-m-d H:i:s');
        }
        $silent = static fn (): bool => false;
        foreach (['send_password_change_email', 'send_email_change_email'] as $mail) {
            add_filter($mail, $silent, PHP_INT_MAX);
        }
        try {
            if ($id === 0) {
                $answer = wp_insert_user(wp_slash($given + ['user_login' => $given['user_email'] ?? '', 'user_pass' => wp_generate_password(48), 'role' => $this->newRole]));
            } else {
                // A name to log in with stays what it is.
                unset($given['user_login']);
                $answer = $given === [] ? $id : wp_update_user(wp_slash(['ID' => $id] + $given));
            }
        } finally {
            foreach (['send_password_change_email', 'send_email_change_email'] as $mail) {
                remove_filter($mail, $silent, PHP_INT_MAX);
            }
        }
        if ($answer instanceof \WP_Error) {
            throw Refused::ofWordPress($answer);
        }
        $this->writeRoles((int) $answer, $values);
        $this->writePassword((int) $answer, $values);
        $this->meta->write((int) $answer, $values);
        return (string) $answer;
    }

    /** Whoever writes an administrator's address can have the password sent there. */
    private function isProtected(int $id): bool
    {
        return $id > 0 && !$this->writesAdministrators && user_can($id, 'manage_options');
    }

    /** @param array<string, mixed> $values */
    private function writeRoles(int $id, array $values): void
    {
        if (!isset($values['roles'], $this->fields()['roles'])) {
            return;
        }
        $user = new \WP_User($id);
        foreach ($this->roles as $role) {
            $wanted = in_array($role, $values['roles'], true);
            if ($wanted !== in_array($role, $user->roles, true)) {
                $wanted ? $user->add_role($role) : $user->remove_role($role);
            }
        }
    }

    /** @param array<string, mixed> $values */
    private function writePassword(int $id, array $values): void
    {
        $hash = (string) ($values['user_pass'] ?? '');
        $isKnown = preg_match(self::HASH, $hash) === 1 && (!str_starts_with($hash, '$wp$') || function_exists('wp_password_needs_rehash'));
        if (!$this->hasPasswords || !$isKnown || ($this->row((string) $id)?->user_pass ?? '') === $hash) {
            return;
        }
        $this->database->update($this->database->users, ['user_pass' => $hash], ['ID' => $id]);
        clean_user_cache($id);
        \WP_Session_Tokens::get_instance($id)->destroy_all();
    }

    public function delete(string $localId): void
    {
        if ($this->isProtected((int) $localId)) {
            throw Refused::rejected('PROTECTED_USER', 'this user administers the site, and is not deleted from outside; the settings can allow it');
        }
        require_once ABSPATH . 'wp-admin/includes/user.php';
        // To nobody: without a new author WordPress deletes the user's posts. Who has them from now on is for the other side to say.
        if (!wp_delete_user((int) $localId, 0)) {
            throw Refused::failed('REFUSED_BY_WORDPRESS', 'WordPress did not let the user be deleted');
        }
    }

    public function find(array $values): array
    {
        $where = $parameters = [];
        foreach ($values as $name => $value) {
            if (!isset(self::COLUMNS[$name]) || !is_string($value) || $value === '') {
                return [];
            }
            $where[] = "`$name` = %s";
            $parameters[] = $value;
        }
        $users = $this->database->users;
        return array_map('strval', $this->database->get_col($this->database->prepare("SELECT ID FROM `$users` WHERE " . implode(' AND ', $where) . ' ORDER BY ID LIMIT 5', ...$parameters)));
    }

    public function page(string $after, int $limit): array
    {
        $users = $this->database->users;
        return array_map('strval', $this->database->get_col($this->database->prepare("SELECT ID FROM `$users` WHERE ID > %d ORDER BY ID LIMIT %d", (int) $after, $limit)));
    }

    public function finish(string $localId): void
    {
    }
}
