<?php

declare(strict_types=1);

namespace Cognate\Tests\Client\Support;

use Cognate\Client\Value\Bytes;
use Cognate\Client\Value\Date;
use Cognate\Client\Value\Decimal;
use Cognate\Client\Value\Map;
use Cognate\V1\FieldType;

/** Values of every type at their edges. */
final class Samples
{
    /** @return iterable<string, array{mixed}> */
    public static function values(): iterable
    {
        $utc = new \DateTimeZone('UTC');
        yield 'null' => [null];
        yield 'true' => [true];
        yield 'false' => [false];
        yield 'zero' => [0];
        yield 'the largest id' => [PHP_INT_MAX];
        yield 'the smallest id' => [PHP_INT_MIN];
        yield 'an id beyond a double' => [9_007_199_254_740_993];
        yield 'a float' => [0.1];
        yield 'a whole float' => [1.0];
        yield 'minus zero' => [-0.0];
        yield 'a large float' => [1.7976931348623157e308];
        yield 'a small float' => [5e-324];
        yield 'not a number' => [NAN];
        yield 'endless' => [-INF];
        yield 'no text' => [''];
        yield 'text' => ["Ünïcödé \u{1F600} \"quoted\"\n\\"];
        yield 'text of digits' => ['007'];
        yield 'a decimal' => [new Decimal('-12.50')];
        yield 'a long decimal' => [new Decimal('123456789012345678901234567890.123456789012345678900')];
        yield 'bytes' => [new Bytes("\x00\xff\xfe\x80" . str_repeat("\x01", 100))];
        yield 'no bytes' => [new Bytes('')];
        yield 'a date' => [new Date('2024-02-29')];
        yield 'the first date' => [new Date('0001-01-01')];
        yield 'a time' => [new \DateTimeImmutable('2026-02-28 12:34:56.123456', $utc)];
        yield 'a time before 1970' => [new \DateTimeImmutable('1969-12-31 23:59:59.5', $utc)];
        yield 'the first time' => [new \DateTimeImmutable('0001-01-01 00:00:00', $utc)];
        yield 'the last time' => [new \DateTimeImmutable('9999-12-31 23:59:59.999999', $utc)];
        yield 'a list' => [[1, 'a', null, [2.5, []], new Decimal('1.10')]];
        yield 'a list of numbers' => [[1, PHP_INT_MAX, -3]];
        yield 'no list' => [[]];
        yield 'a map' => [new Map(['a' => 1, 'b' => new Map(['c' => [new Map()]]), 'd' => new Bytes("\xff")])];
        yield 'no map' => [new Map()];
        yield 'a map of numbers' => [new Map(['0' => 'x', '1' => 'y'])];
    }

    /**
     * What a database and a model can hold of it: by field name, its type and its value.
     *
     * @return array<string, array{int, mixed}>
     */
    public static function fields(): array
    {
        $types = [
            'boolean' => FieldType::FIELD_TYPE_BOOL, 'integer' => FieldType::FIELD_TYPE_INTEGER, 'double' => FieldType::FIELD_TYPE_FLOAT,
            'string' => FieldType::FIELD_TYPE_TEXT, Decimal::class => FieldType::FIELD_TYPE_DECIMAL, Bytes::class => FieldType::FIELD_TYPE_BYTES,
            Date::class => FieldType::FIELD_TYPE_DATE, \DateTimeImmutable::class => FieldType::FIELD_TYPE_TIMESTAMP,
        ];
        $fields = [];
        foreach (self::values() as $name => [$value]) {
            $type = $types[is_object($value) ? $value::class : gettype($value)] ?? FieldType::FIELD_TYPE_JSON;
            $fields[str_replace(' ', '_', $name)] = [$name === 'a list of numbers' ? FieldType::FIELD_TYPE_LIST : $type, $value];
        }
        return $fields;
    }

    /** A text in which two values differ unless type and content are the same. */
    public static function exact(mixed $value): string
    {
        return match (true) {
            is_float($value) => 'float ' . bin2hex(pack('E', is_nan($value) ? NAN : $value)),
            $value instanceof \DateTimeInterface => 'time ' . $value->format('Y-m-d\TH:i:s.uP'),
            $value instanceof Bytes => 'bytes ' . bin2hex($value->bytes),
            $value instanceof Map => 'map ' . self::exactOf(iterator_to_array($value->getIterator())),
            is_object($value) => $value::class . ' ' . $value,
            is_array($value) => 'list ' . self::exactOf($value),
            default => var_export($value, true),
        };
    }

    /** @param array<array-key, mixed> $values */
    private static function exactOf(array $values): string
    {
        ksort($values);
        $parts = [];
        foreach ($values as $name => $value) {
            $parts[] = "$name=" . self::exact($value);
        }
        return '{' . implode(', ', $parts) . '}';
    }
}
