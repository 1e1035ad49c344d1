<?php

declare(strict_types=1);

namespace Cognate\WordPress\Kinds;

use Cognate\V1\FieldType;
use Cognate\WordPress\Files\FileIndex;
use Cognate\WordPress\Files\LocalFile;
use Cognate\WordPress\Files\Uploads;

/**
 * Declared meta keys as fields `meta_…`. A declaration is a key, or `key: shape`. What is not declared neither leaves nor is written.
 */
final class Meta
{
    public const SHAPES = ['text', 'integer', 'json', 'list', 'attachment', 'attachments', 'file'];
    /** Who may do what, and who is logged in, are no data of a record. */
    private const NEVER = '/(capabilities|user_level|session_tokens|_application_passwords|_new_email|_edit_lock|_edit_last)$/';

    /** @var array<string, Field> by field name */
    private array $fields = [];

    /**
     * @param string $type `post`, `user` or `term`
     * @param list<string> $declared
     */
    public function __construct(private readonly \wpdb $database, private readonly FileIndex $files, private readonly string $type, array $declared)
    {
        foreach ($declared as $line) {
            [$key, $shape] = self::parse($line);
            if ($key !== '' && preg_match(self::NEVER, $key) !== 1) {
                $this->fields["meta_$key"] = self::field($key, $shape);
            }
        }
    }

    /** @return array{string, string} key and shape */
    public static function parse(string $line): array
    {
        $shape = 'text';
        $key = trim($line);
        if (preg_match('/^(.*\S)\s*:\s*(\w+)$/D', $key, $found) === 1 && in_array($found[2], self::SHAPES, true)) {
            [, $key, $shape] = $found;
        }
        return [$key, $shape];
    }

    private static function field(string $key, string $shape): Field
    {
        $type = match ($shape) {
            'integer', 'attachment' => FieldType::FIELD_TYPE_INTEGER,
            'json' => FieldType::FIELD_TYPE_JSON,
            'list', 'attachments' => FieldType::FIELD_TYPE_LIST,
            default => FieldType::FIELD_TYPE_TEXT,
        };
        $model = in_array($shape, ['attachment', 'attachments'], true) ? 'post.attachment' : '';
        return new Field("meta_$key", $type, true, $model, isFile: $shape === 'file', metaKey: $key, shape: $shape);
    }

    /** @return array<string, Field> */
    public function fields(): array
    {
        return $this->fields;
    }

    public function has(string $key): bool
    {
        return isset($this->fields["meta_$key"]);
    }

    /** @return array<string, mixed> by field */
    public function read(int $id): array
    {
        if ($this->fields === []) {
            return [];
        }
        $found = $this->rows($id, array_values(array_map(static fn (Field $field): string => $field->metaKey, $this->fields)));
        $values = [];
        foreach ($this->fields as $name => $field) {
            $rows = $found[$field->metaKey] ?? [];
            if (in_array($field->shape, ['text', 'list'], true)) {
                $rows = array_map(self::decoded(...), $rows);
                if (array_filter($rows, static fn (mixed $row): bool => $row !== null && !is_scalar($row)) !== []) {
                    // An array is no text: it is left alone, here and elsewhere, until it is declared as json.
                    continue;
                }
                $rows = array_map('strval', $rows);
            }
            $values[$name] = $this->value($field, $rows);
        }
        return $values;
    }

    /**
     * @param list<string> $keys
     * @return array<string, list<string>> as they are stored
     */
    public function rows(int $id, array $keys): array
    {
        $table = _get_meta_table($this->type);
        $column = "{$this->type}_id";
        $order = $this->type === 'user' ? 'umeta_id' : 'meta_id';
        $list = implode(', ', array_fill(0, count($keys), '%s'));
        $rows = [];
        foreach ($this->database->get_results($this->database->prepare("SELECT meta_key, meta_value FROM `$table` WHERE `$column` = %d AND meta_key IN ($list) ORDER BY `$order`", $id, ...$keys)) ?? [] as $row) {
            $rows[$row->meta_key][] = (string) $row->meta_value;
        }
        return $rows;
    }

    /** @param list<string> $rows */
    private function value(Field $field, array $rows): mixed
    {
        if ($rows === []) {
            return null;
        }
        return match ($field->shape) {
            'integer' => is_numeric($rows[0]) ? (int) $rows[0] : null,
            'attachment' => $this->attachment((int) $rows[0]),
            'attachments' => array_values(array_filter(array_map(fn (mixed $id): ?int => is_scalar($id) ? $this->attachment((int) $id) : null, self::ids($rows)))),
            'json' => self::json($rows[0]),
            'list' => $rows,
            'file' => $this->files->at(Uploads::relative($rows[0])),
            default => $rows[0],
        };
    }

    /** A gallery may be stored as a PHP array, with commas, or in several rows. @param list<string> $rows @return array<mixed> */
    private static function ids(array $rows): array
    {
        $first = self::decoded($rows[0]);
        return is_array($first) ? array_values($first) : array_merge(...array_map(static fn (string $row): array => explode(',', $row), $rows));
    }

    public static function json(string $stored): ?string
    {
        $json = json_encode(self::decoded($stored), JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_PRESERVE_ZERO_FRACTION);
        return $json === false ? null : $json;
    }

    /** Without objects: a class of a plugin is nothing to another platform, and to make one of stored bytes may run its code. */
    private static function decoded(string $stored): mixed
    {
        $value = is_serialized($stored) ? @unserialize($stored, ['allowed_classes' => false]) : $stored;
        return $value === false && $stored !== 'b:0;' ? $stored : self::withoutObjects($value);
    }

    private static function withoutObjects(mixed $value): mixed
    {
        return match (true) {
            is_object($value) => null,
            is_array($value) => array_map(self::withoutObjects(...), $value),
            default => $value,
        };
    }

    /** A reference to what is not there would wait for ever. */
    private function attachment(int $id): ?int
    {
        $posts = $this->database->posts;
        $found = $id <= 0 ? null : $this->database->get_var($this->database->prepare("SELECT ID FROM `$posts` WHERE ID = %d AND post_type = 'attachment' AND post_status <> 'trash'", $id));
        return $found === null ? null : $id;
    }

    /** @param array<string, mixed> $values by field; what is no meta is passed over */
    public function write(int $id, array $values): void
    {
        foreach (array_intersect_key($values, $this->fields) as $name => $value) {
            $field = $this->fields[$name];
            $key = $field->metaKey;
            $before = $this->rows($id, [$key])[$key] ?? [];
            if ($field->shape === 'list') {
                $this->writeList($id, $key, $value ?? [], $before);
            } elseif ($value === null) {
                $before === [] || delete_metadata($this->type, $id, wp_slash($key));
            } else {
                update_metadata($this->type, $id, wp_slash($key), wp_slash($this->stored($field, $value, $before)));
            }
        }
    }

    /** @param list<string> $before */
    private function stored(Field $field, mixed $value, array $before): mixed
    {
        if ($field->shape === 'json') {
            return json_decode((string) $value, true);
        }
        if ($field->shape === 'attachments') {
            // As it is stored here by now, for whoever reads it here.
            return isset($before[0]) && $before[0] !== '' && !is_serialized($before[0]) ? implode(',', $value) : $value;
        }
        return $value instanceof LocalFile ? $value->path : (string) $value;
    }

    /**
     * @param list<string> $values
     * @param list<string> $before
     */
    private function writeList(int $id, string $key, array $values, array $before): void
    {
        if (array_map('strval', $values) === $before) {
            return;
        }
        delete_metadata($this->type, $id, wp_slash($key));
        foreach ($values as $value) {
            add_metadata($this->type, $id, wp_slash($key), wp_slash((string) $value));
        }
    }
}
