<?php

declare(strict_types=1);

namespace Cognate\Client;

use Cognate\Client\Exception\InvalidValue;
use Cognate\Client\Value\Bytes;
use Cognate\Client\Value\Date;
use Cognate\Client\Value\Decimal;
use Cognate\Client\Value\Encoded;
use Cognate\Client\Value\File;
use Cognate\Client\Value\Map;
use Cognate\Client\Value\Omitted;
use Cognate\Client\Value\Reference;
use Cognate\Client\Value\Shown;
use Cognate\V1\Field;
use Cognate\V1\FileValue;
use Cognate\V1\ListValue;
use Cognate\V1\MapValue;
use Cognate\V1\Value;
use Google\Protobuf\NullValue;
use Google\Protobuf\Timestamp;

/**
 * PHP's values and Cognate's, into each other, with their types: int, float, bool, text and null as such, Decimal, Bytes,
 * DateTimeImmutable, Date, lists as arrays, maps as Map. UUIDs and JSON are text.
 */
final class Values
{
    /** Lists and maps inside each other. More does not fit what a message may nest on the other side. */
    private const MAX_DEPTH = 30;
    /** What comes may nest a little more; how much, protobuf itself bounds. */
    private const MAX_READ_DEPTH = 50;
    /** 0001-01-01 to 9999-12-31. */
    private const MIN_SECONDS = -62_135_596_800;
    private const MAX_SECONDS = 253_402_300_799;

    private function __construct()
    {
    }

    /**
     * @param string $where what the value is, for errors
     * @throws InvalidValue
     */
    public static function toProto(mixed $value, string $where = 'value'): Value
    {
        return self::write($value, $where, 0);
    }

    /** @throws InvalidValue */
    public static function fromProto(Value $value, string $where = 'value'): mixed
    {
        return self::read($value, $where, 0);
    }

    /**
     * @param iterable<array-key, mixed> $fields values by name
     * @return list<Field>
     * @throws InvalidValue
     */
    public static function fieldsToProto(iterable $fields): array
    {
        return self::writeFields($fields, '', 0);
    }

    /**
     * @param iterable<Field> $fields
     * @return array<array-key, mixed> values by name
     * @throws InvalidValue
     */
    public static function fieldsFromProto(iterable $fields): array
    {
        return self::readFields($fields, '', 0);
    }

    public static function timestamp(\DateTimeInterface $time, string $where = 'time'): Timestamp
    {
        $seconds = $time->getTimestamp();
        if ($seconds < self::MIN_SECONDS || $seconds > self::MAX_SECONDS) {
            throw new InvalidValue("$where: got the year {$time->format('Y')}, want 1 to 9999");
        }
        return new Timestamp(['seconds' => $seconds, 'nanos' => 1000 * (int) $time->format('u')]);
    }

    /** In UTC, cut to whole microseconds: finer ones are not sent. */
    public static function time(Timestamp $timestamp, string $where = 'time'): \DateTimeImmutable
    {
        $seconds = (int) $timestamp->getSeconds();
        $nanos = $timestamp->getNanos();
        if ($seconds < self::MIN_SECONDS || $seconds > self::MAX_SECONDS || $nanos < 0 || $nanos > 999_999_999) {
            throw new InvalidValue("$where: got $seconds s and $nanos ns, want a time of the years 1 to 9999");
        }
        return (new \DateTimeImmutable("@$seconds"))
            ->setTimezone(new \DateTimeZone('UTC'))
            ->modify(sprintf('+%d microseconds', intdiv($nanos, 1000)));
    }

    private static function write(mixed $value, string $where, int $depth): Value
    {
        return match (true) {
            $value === null => new Value(['null_value' => NullValue::NULL_VALUE]),
            is_bool($value) => new Value(['bool_value' => $value]),
            is_int($value) => new Value(['int64_value' => $value]),
            is_float($value) => new Value(['double_value' => $value]),
            is_string($value) => new Value(['text_value' => self::utf8($value, $where)]),
            $value instanceof Decimal => new Value(['decimal_value' => $value->text]),
            $value instanceof Bytes => new Value(['bytes_value' => $value->bytes]),
            $value instanceof Date => new Value(['date_value' => $value->text]),
            $value instanceof \DateTimeInterface => new Value(['timestamp_value' => self::timestamp($value, $where)]),
            $value instanceof File => new Value(['file_value' => self::file($value, $where)]),
            $value instanceof \BackedEnum => self::write($value->value, $where, $depth),
            is_array($value) && array_is_list($value) => self::writeList($value, $where, $depth),
            is_array($value), $value instanceof Map => self::writeMap($value, $where, $depth),
            $value instanceof \stdClass => self::writeMap(get_object_vars($value), $where, $depth),
            default => throw new InvalidValue(
                "$where: got " . get_debug_type($value) . ', want null, bool, int, float, text, Decimal, Bytes, a time, Date, File, a list or a Map'
            ),
        };
    }

    private static function file(File $file, string $where): FileValue
    {
        $proto = new FileValue([
            'sha256' => (string) hex2bin($file->sha256),
            'size_bytes' => $file->sizeBytes,
            'name' => self::utf8($file->name, "$where.name"),
            'path' => self::utf8($file->path, "$where.path"),
        ]);
        return $file->modifyTime === null ? $proto : $proto->setModifyTime(self::timestamp($file->modifyTime, "$where.modifyTime"));
    }

    /** @param list<mixed> $values */
    private static function writeList(array $values, string $where, int $depth): Value
    {
        self::checkDepth($where, $depth, self::MAX_DEPTH);
        $list = [];
        foreach ($values as $place => $value) {
            $list[] = self::write($value, "{$where}[$place]", $depth + 1);
        }
        return new Value(['list_value' => new ListValue(['values' => $list])]);
    }

    /** @param iterable<array-key, mixed> $values */
    private static function writeMap(iterable $values, string $where, int $depth): Value
    {
        self::checkDepth($where, $depth, self::MAX_DEPTH);
        return new Value(['map_value' => new MapValue(['fields' => self::writeFields($values, "$where.", $depth + 1)])]);
    }

    /**
     * @param iterable<array-key, mixed> $fields
     * @return list<Field>
     */
    private static function writeFields(iterable $fields, string $prefix, int $depth): array
    {
        $list = [];
        foreach ($fields as $name => $value) {
            $name = self::utf8((string) $name, "{$prefix}a name");
            $list[] = new Field(['name' => $name, 'value' => self::write($value, $prefix . Shown::text($name), $depth)]);
        }
        return $list;
    }

    private static function utf8(string $text, string $where): string
    {
        if (preg_match('//u', $text) !== 1) {
            throw new InvalidValue("$where: got bytes that are not UTF-8, want text; wrap them in Bytes if they are meant to be bytes");
        }
        return $text;
    }

    private static function checkDepth(string $where, int $depth, int $max): void
    {
        if ($depth >= $max) {
            throw new InvalidValue(substr($where, 0, 200) . ": lists and maps lie more than $max deep in each other");
        }
    }

    private static function read(Value $value, string $where, int $depth): mixed
    {
        return match ($value->getKind()) {
            'null_value' => null,
            'bool_value' => $value->getBoolValue(),
            'int64_value' => (int) $value->getInt64Value(),
            'double_value' => $value->getDoubleValue(),
            'decimal_value' => self::decimal($value->getDecimalValue(), $where),
            'text_value' => $value->getTextValue(),
            'bytes_value' => new Bytes($value->getBytesValue()),
            'timestamp_value' => self::time($value->getTimestampValue() ?? new Timestamp(), $where),
            'date_value' => self::date($value->getDateValue(), $where),
            'list_value' => self::readList($value->getListValue() ?? new ListValue(), $where, $depth),
            'map_value' => self::readMap($value->getMapValue() ?? new MapValue(), $where, $depth),
            'reference_value' => self::reference($value, $where),
            'file_value' => self::readFile($value->getFileValue() ?? new FileValue(), $where),
            'omitted_value' => self::omitted($value),
            'encoded_value' => self::encoded($value, $where, $depth),
            default => throw new InvalidValue("$where: a value without a kind, or of a kind that this version does not know"),
        };
    }

    private static function decimal(string $text, string $where): Decimal
    {
        try {
            return new Decimal($text);
        } catch (InvalidValue $exception) {
            throw new InvalidValue("$where: {$exception->getMessage()}");
        }
    }

    private static function date(string $text, string $where): Date
    {
        try {
            return new Date($text);
        } catch (InvalidValue $exception) {
            throw new InvalidValue("$where: {$exception->getMessage()}");
        }
    }

    /** @return list<mixed> */
    private static function readList(ListValue $list, string $where, int $depth): array
    {
        self::checkDepth($where, $depth, self::MAX_READ_DEPTH);
        $values = [];
        foreach ($list->getValues() as $place => $value) {
            $values[] = self::read($value, "{$where}[$place]", $depth + 1);
        }
        return $values;
    }

    private static function readMap(MapValue $map, string $where, int $depth): Map
    {
        self::checkDepth($where, $depth, self::MAX_READ_DEPTH);
        return new Map(self::readFields($map->getFields(), "$where.", $depth + 1));
    }

    /**
     * @param iterable<Field> $fields
     * @return array<array-key, mixed>
     */
    private static function readFields(iterable $fields, string $prefix, int $depth): array
    {
        $values = [];
        foreach ($fields as $field) {
            $name = $field->getName();
            $where = $prefix . Shown::text($name);
            if (array_key_exists($name, $values)) {
                throw new InvalidValue("$where: there are two of this name");
            }
            $values[$name] = self::read($field->getValue() ?? new Value(), $where, $depth);
        }
        return $values;
    }

    private static function reference(Value $value, string $where): Reference
    {
        $reference = $value->getReferenceValue();
        if ($reference === null || !in_array(strlen($reference->getEntityId()), [0, 16], true)) {
            throw new InvalidValue("$where: a reference whose entity id is no UUID");
        }
        return new Reference(
            self::uuid($reference->getEntityId()),
            $reference->getModel(),
            $reference->getLocalId() === '' ? null : $reference->getLocalId(),
            $reference->getOptional(),
            $reference->getSourceModel(),
            $reference->getSourceLocalId(),
            $reference->getIsNumber(),
        );
    }

    private static function uuid(string $bytes): string
    {
        return $bytes === '' ? '' : implode('-', sscanf(bin2hex($bytes), '%8s%4s%4s%4s%12s') ?? []);
    }

    private static function readFile(FileValue $file, string $where): File
    {
        try {
            $time = $file->getModifyTime();
            return new File(bin2hex($file->getSha256()), (int) $file->getSizeBytes(), $file->getName(), $time === null ? null : self::time($time, $where), $file->getPath());
        } catch (InvalidValue $exception) {
            throw new InvalidValue("$where: {$exception->getMessage()}");
        }
    }

    private static function omitted(Value $value): Omitted
    {
        $omitted = $value->getOmittedValue();
        return new Omitted((int) $omitted?->getSizeBytes(), (int) $omitted?->getLimitBytes(), (bool) $omitted?->getIsKey());
    }

    private static function encoded(Value $value, string $where, int $depth): Encoded
    {
        self::checkDepth($where, $depth, self::MAX_READ_DEPTH);
        $encoded = $value->getEncodedValue();
        return new Encoded(self::read($encoded?->getValue() ?? new Value(), $where, $depth + 1), (int) $encoded?->getEncoding());
    }
}
