<?php

declare(strict_types=1);

namespace Cognate\Laravel\Schema;

use Cognate\V1\FieldType;

/** One column of a table, in the words of the hub's catalogue. */
final class Column
{
    public const TYPES = [
        'bool' => FieldType::FIELD_TYPE_BOOL,
        'integer' => FieldType::FIELD_TYPE_INTEGER,
        'float' => FieldType::FIELD_TYPE_FLOAT,
        'decimal' => FieldType::FIELD_TYPE_DECIMAL,
        'text' => FieldType::FIELD_TYPE_TEXT,
        'bytes' => FieldType::FIELD_TYPE_BYTES,
        'timestamp' => FieldType::FIELD_TYPE_TIMESTAMP,
        'date' => FieldType::FIELD_TYPE_DATE,
        'uuid' => FieldType::FIELD_TYPE_UUID,
        'json' => FieldType::FIELD_TYPE_JSON,
        'enum' => FieldType::FIELD_TYPE_ENUM,
        'list' => FieldType::FIELD_TYPE_LIST,
        'other' => FieldType::FIELD_TYPE_OTHER,
    ];

    /** @param list<string> $labels of an enum */
    public function __construct(
        public readonly string $name,
        public readonly int $type,
        public readonly string $nativeType,
        public readonly bool $nullable = true,
        public readonly bool $hasDefault = false,
        public readonly bool $generated = false,
        public readonly int $sizeBits = 0,
        public readonly int $maxLength = 0,
        public readonly int $precision = 0,
        public readonly int $scale = 0,
        public readonly array $labels = [],
    ) {
    }

    /** What the database calls a type, understood. SQLite says what the table was made with, in any words. */
    public static function of(string $name, string $native, bool $nullable, bool $hasDefault, bool $generated = false): self
    {
        $lower = strtolower(trim($native));
        $numbers = preg_match('/\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)/', $lower, $found) === 1 ? $found : [];
        $first = (int) ($numbers[1] ?? 0);
        $second = (int) ($numbers[2] ?? 0);
        $make = static fn (int $type, int $bits = 0, int $length = 0, int $precision = 0, int $scale = 0, array $labels = []): self =>
            new self($name, $type, $native, $nullable, $hasDefault, $generated, $bits, $length, $precision, $scale, $labels);
        $base = trim((string) preg_replace('/\(.*?\)/', '', $lower));
        if (str_starts_with($lower, 'tinyint(1)') || $base === 'boolean' || $base === 'bool') {
            return $make(FieldType::FIELD_TYPE_BOOL);
        }
        if (str_starts_with($lower, 'enum(')) {
            preg_match_all("/'((?:[^']|'')*)'/", $native, $labels);
            return $make(FieldType::FIELD_TYPE_ENUM, 0, 0, 0, 0, array_map(static fn (string $label): string => str_replace("''", "'", $label), $labels[1]));
        }
        return match (true) {
            str_ends_with($base, '[]') => $make(FieldType::FIELD_TYPE_OTHER),
            (bool) preg_match('/^(tinyint|smallint|int2|smallserial)/', $base) => $make(FieldType::FIELD_TYPE_INTEGER, 16),
            // SQLite's integers are wide whatever they are called.
            $base === 'integer' || (bool) preg_match('/^(bigint|int8|bigserial)/', $base) => $make(FieldType::FIELD_TYPE_INTEGER, 64),
            (bool) preg_match('/^(int|mediumint|serial)/', $base) && !str_starts_with($base, 'interval') => $make(FieldType::FIELD_TYPE_INTEGER, str_contains($base, 'unsigned') ? 64 : 32),
            $base === 'real' || $base === 'float4' => $make(FieldType::FIELD_TYPE_FLOAT, 32),
            (bool) preg_match('/^(double|float)/', $base) => $make(FieldType::FIELD_TYPE_FLOAT, 64),
            (bool) preg_match('/^(decimal|numeric)/', $base) => $make(FieldType::FIELD_TYPE_DECIMAL, 0, 0, $first, $second),
            (bool) preg_match('/^(timestamp|datetime)/', $base) => $make(FieldType::FIELD_TYPE_TIMESTAMP),
            $base === 'date' => $make(FieldType::FIELD_TYPE_DATE),
            $base === 'uuid' => $make(FieldType::FIELD_TYPE_UUID),
            $base === 'json' || $base === 'jsonb' => $make(FieldType::FIELD_TYPE_JSON),
            (bool) preg_match('/^(bytea|blob|tinyblob|mediumblob|longblob|binary|varbinary)/', $base) => $make(FieldType::FIELD_TYPE_BYTES),
            (bool) preg_match('/^(varchar|character varying|char|character|bpchar|nvarchar|string)/', $base) => $make(FieldType::FIELD_TYPE_TEXT, 0, $first),
            (bool) preg_match('/text|clob|^$/', $base) => $make(FieldType::FIELD_TYPE_TEXT),
            default => $make(FieldType::FIELD_TYPE_OTHER),
        };
    }

    /** The same with what a cast of the model says of its values: a database without booleans keeps them as numbers. */
    public function cast(string $cast): self
    {
        $word = strtolower(explode(':', $cast)[0]);
        $type = match (true) {
            in_array($word, ['bool', 'boolean'], true) => FieldType::FIELD_TYPE_BOOL,
            in_array($word, ['datetime', 'immutable_datetime', 'timestamp', 'custom_datetime', 'immutable_custom_datetime'], true) => FieldType::FIELD_TYPE_TIMESTAMP,
            in_array($word, ['date', 'immutable_date'], true) => FieldType::FIELD_TYPE_DATE,
            in_array($word, ['array', 'json', 'object', 'collection'], true) => FieldType::FIELD_TYPE_JSON,
            $word === 'decimal' => FieldType::FIELD_TYPE_DECIMAL,
            default => $this->type,
        };
        // A timestamp that is kept as a number stays one.
        if ($type === FieldType::FIELD_TYPE_TIMESTAMP && $this->type === FieldType::FIELD_TYPE_INTEGER) {
            $type = $this->type;
        }
        $scale = $word === 'decimal' ? (int) (explode(':', $cast)[1] ?? $this->scale) : $this->scale;
        return new self($this->name, $type, $this->nativeType, $this->nullable, $this->hasDefault, $this->generated, $this->sizeBits, $this->maxLength, $this->precision, $scale, $this->labels);
    }
}
