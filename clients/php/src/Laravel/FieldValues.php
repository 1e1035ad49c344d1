<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Cognate\Client\Value\File;
use Cognate\Client\Values;
use Cognate\Laravel\Exceptions\DeliveryRejected;
use Cognate\Laravel\Schema\Column;
use Cognate\V1\FieldType;
use Cognate\V1\Value;
use Google\Protobuf\NullValue;
use Google\Protobuf\Timestamp;

/** Between what a database column holds and the typed values of the hub. Times in the database are in the application's time zone. */
final class FieldValues
{
    private readonly \DateTimeZone $zone;

    public function __construct(Options $options)
    {
        $this->zone = new \DateTimeZone($options->timezone);
    }

    public function toValue(mixed $raw, Column $column): Value
    {
        if ($raw instanceof File || is_array($raw)) {
            return Values::toProto($raw);
        }
        [$kind, $plain] = $this->kindOf($raw, $column);
        $value = new Value();
        return match ($kind) {
            'null' => $value->setNullValue(NullValue::NULL_VALUE),
            'bool' => $value->setBoolValue($plain),
            'int64' => $value->setInt64Value($plain),
            'double' => $value->setDoubleValue($plain),
            'decimal' => $value->setDecimalValue($plain),
            'bytes' => $value->setBytesValue($plain),
            'timestamp' => $value->setTimestampValue(self::timestamp($plain)),
            'date' => $value->setDateValue($plain),
            default => $value->setTextValue($plain),
        };
    }

    /** @return array{string, mixed} the kind of the Value, and what stands in it; a time as DateTimeInterface */
    public function kindOf(mixed $raw, Column $column): array
    {
        if ($raw === null) {
            return ['null', null];
        }
        if ($raw instanceof File || is_array($raw)) {
            return [$raw instanceof File ? 'file' : 'list', $raw];
        }
        if ($raw instanceof Bytes) {
            return ['bytes', $raw->bytes];
        }
        if ($raw instanceof \DateTimeImmutable) {
            return $column->type === FieldType::FIELD_TYPE_DATE ? ['date', $raw->format('Y-m-d')] : ['timestamp', $raw];
        }
        switch ($column->type) {
            case FieldType::FIELD_TYPE_BOOL:
                return ['bool', in_array($raw, [true, 1, 1.0, '1', 't', 'true'], true)];
            case FieldType::FIELD_TYPE_INTEGER:
                return filter_var($raw, FILTER_VALIDATE_INT) !== false ? ['int64', (int) $raw] : self::anything($raw);
            case FieldType::FIELD_TYPE_FLOAT:
                return is_numeric($raw) ? ['double', (float) $raw] : self::anything($raw);
            case FieldType::FIELD_TYPE_DECIMAL:
                return is_numeric($raw) ? ['decimal', self::decimal($raw, $column->scale)] : self::anything($raw);
            case FieldType::FIELD_TYPE_TIMESTAMP:
                $time = is_string($raw) ? date_create_immutable($raw, $this->zone) : false;
                return $time === false ? self::anything($raw) : ['timestamp', $time];
            case FieldType::FIELD_TYPE_DATE:
                return is_string($raw) && preg_match('/^\d{4}-\d\d-\d\d/', $raw) === 1 ? ['date', substr($raw, 0, 10)] : self::anything($raw);
            case FieldType::FIELD_TYPE_BYTES:
                return ['bytes', (string) $raw];
            default:
                return ['text', is_bool($raw) ? ($raw ? 'true' : 'false') : (string) $raw];
        }
    }

    /** What the database, and the model's raw attributes, take for it. */
    public function toRaw(Value $value, Column $column, string $driver, string $dateFormat): mixed
    {
        $plain = match ($value->getKind()) {
            'bool_value' => $value->getBoolValue(),
            'int64_value' => self::integer($value->getInt64Value()),
            'double_value' => $value->getDoubleValue(),
            'decimal_value' => $value->getDecimalValue(),
            'text_value' => $value->getTextValue(),
            'bytes_value' => $value->getBytesValue(),
            'date_value' => $value->getDateValue(),
            'timestamp_value' => self::time($value->getTimestampValue()),
            'list_value', 'map_value' => json_encode(self::nested($value), JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES),
            default => null,
        };
        if ($plain === null) {
            return null;
        }
        if ($plain instanceof \DateTimeImmutable) {
            return $column->type === FieldType::FIELD_TYPE_DATE ? $plain->format('Y-m-d') : $plain->setTimezone($this->zone)->format($dateFormat);
        }
        switch ($column->type) {
            case FieldType::FIELD_TYPE_BOOL:
                $bool = is_bool($plain) ? $plain : filter_var($plain, FILTER_VALIDATE_BOOLEAN, FILTER_NULL_ON_FAILURE);
                return $bool ?? throw self::wrong($column, 'true or false');
            case FieldType::FIELD_TYPE_INTEGER:
                // References come as text: a local id always is one.
                $integer = is_bool($plain) ? (int) $plain : filter_var($plain, FILTER_VALIDATE_INT);
                return $integer === false ? throw self::wrong($column, 'a whole number') : $integer;
            case FieldType::FIELD_TYPE_FLOAT:
                return is_numeric($plain) ? (float) $plain : throw self::wrong($column, 'a number');
            case FieldType::FIELD_TYPE_DECIMAL:
                return is_numeric($plain) ? (string) $plain : throw self::wrong($column, 'a number');
            case FieldType::FIELD_TYPE_TIMESTAMP:
                $time = is_string($plain) ? date_create_immutable($plain, new \DateTimeZone('UTC')) : false;
                return $time === false ? throw self::wrong($column, 'a time') : $time->setTimezone($this->zone)->format($dateFormat);
            default:
                return is_bool($plain) ? (string) (int) $plain : (string) $plain;
        }
    }

    /** Whether two raw values say the same: databases write numbers, times and JSON in ways of their own. */
    public function isSame(mixed $one, mixed $other, Column $column): bool
    {
        [$kind, $plain] = $this->kindOf($one, $column);
        [$otherKind, $otherPlain] = $this->kindOf($other, $column);
        return match (true) {
            $kind !== $otherKind => false,
            $kind === 'timestamp' => $plain == $otherPlain,
            $kind === 'decimal' => self::shortest($plain) === self::shortest($otherPlain),
            $column->type === FieldType::FIELD_TYPE_JSON && $plain !== $otherPlain => self::ordered(json_decode((string) $plain)) === self::ordered(json_decode((string) $otherPlain)),
            default => $plain === $otherPlain,
        };
    }

    /** `12.50` and `012.5` are the same number, with however many digits. */
    private static function shortest(string $decimal): string
    {
        if (preg_match('/^([+-]?)0*(\d*)(?:\.(\d*?)0*)?$/D', $decimal, $parts) !== 1) {
            return $decimal;
        }
        $digits = ($parts[2] === '' ? '0' : $parts[2]) . (($parts[3] ?? '') === '' ? '' : ".$parts[3]");
        return ($parts[1] === '-' && $digits !== '0' ? '-' : '') . $digits;
    }

    /** JSON in one way of writing: names in order. */
    private static function ordered(mixed $value): string
    {
        if ($value instanceof \stdClass) {
            $members = get_object_vars($value);
            ksort($members, SORT_STRING);
            $value = array_map(static fn (string|int $name, mixed $member): string => json_encode((string) $name) . ':' . self::ordered($member), array_keys($members), $members);
            return '{' . implode(',', $value) . '}';
        }
        return is_array($value) ? '[' . implode(',', array_map([self::class, 'ordered'], $value)) . ']' : (string) json_encode($value);
    }

    public static function time(?Timestamp $timestamp): \DateTimeImmutable
    {
        $seconds = $timestamp === null ? 0 : (int) $timestamp->getSeconds();
        $micros = $timestamp === null ? 0 : intdiv($timestamp->getNanos(), 1000);
        return (new \DateTimeImmutable("@$seconds"))->modify("+$micros microseconds");
    }

    public static function timestamp(\DateTimeInterface $time): Timestamp
    {
        return (new Timestamp())->setSeconds($time->getTimestamp())->setNanos((int) $time->format('u') * 1000);
    }

    public static function micros(int $micros): Timestamp
    {
        $seconds = intdiv($micros, 1_000_000);
        return (new Timestamp())->setSeconds($seconds)->setNanos(($micros - $seconds * 1_000_000) * 1000);
    }

    /** @return array{string, mixed} */
    private static function anything(mixed $raw): array
    {
        return match (true) {
            is_int($raw) => ['int64', $raw],
            is_float($raw) => ['double', $raw],
            is_bool($raw) => ['bool', $raw],
            // More than 64 bits, as of an unsigned column.
            is_string($raw) && preg_match('/^\d{19,20}$/', $raw) === 1 => ['decimal', $raw],
            default => ['text', (string) $raw],
        };
    }

    /** SQLite has no decimals and gives doubles; what the scale says is what was meant. */
    private static function decimal(mixed $raw, int $scale): string
    {
        if (!is_float($raw)) {
            return (string) $raw;
        }
        return $scale > 0 ? number_format($raw, $scale, '.', '') : (string) json_encode($raw);
    }

    private static function integer(int|string $value): int|string
    {
        return is_string($value) && (string) (int) $value === $value ? (int) $value : $value;
    }

    private static function nested(Value $value): mixed
    {
        switch ($value->getKind()) {
            case 'list_value':
                return array_map([self::class, 'nested'], iterator_to_array($value->getListValue()->getValues(), false));
            case 'map_value':
                $map = [];
                foreach ($value->getMapValue()->getFields() as $field) {
                    $map[$field->getName()] = self::nested($field->getValue());
                }
                return $map === [] ? new \stdClass() : $map;
            case 'timestamp_value':
                return self::time($value->getTimestampValue())->format('Y-m-d\TH:i:s.u\Z');
            case 'bytes_value':
                return base64_encode($value->getBytesValue());
            case 'null_value':
                return null;
            case 'int64_value':
                return self::integer($value->getInt64Value());
            default:
                return $value->{'get' . str_replace('_', '', ucwords($value->getKind(), '_'))}();
        }
    }

    private static function wrong(Column $column, string $want): DeliveryRejected
    {
        return new DeliveryRejected('WRONG_TYPE', "the value of $column->name is of another kind than its column ($column->nativeType), want $want", $column->name);
    }
}
