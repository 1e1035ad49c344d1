<?php

declare(strict_types=1);

namespace Cognate\WordPress\Kinds;

use Cognate\Client\Value\Date;
use Cognate\Client\Value\Decimal;
use Cognate\Client\Value\Map;
use Cognate\Client\Value\Reference;
use Cognate\Client\Values;
use Cognate\V1\FieldType;
use Cognate\V1\FileValue;
use Cognate\V1\Value;
use Cognate\WordPress\Files\LocalFile;
use Cognate\WordPress\Refused;

/** One field of a record: what it holds, and how that becomes a value of the hub and comes back. */
final class Field
{
    /**
     * @param int $type one of FieldType
     * @param string $model the model that it refers to; in a list, that each element refers to
     * @param bool $isGenerated WordPress fills it in: it is captured and never written
     * @param bool $isFile holds a file of the uploads
     * @param string $metaKey the meta key that it stands under
     */
    public function __construct(
        public readonly string $name,
        public readonly int $type,
        public readonly bool $isNullable = true,
        public readonly string $model = '',
        public readonly bool $isGenerated = false,
        public readonly bool $isFile = false,
        public readonly string $metaKey = '',
        public readonly int $maxLength = 0,
        public readonly bool $isFixed = false,
        public readonly string $shape = '',
    ) {
    }

    public static function text(string $name, int $maxLength = 0): self
    {
        return new self($name, FieldType::FIELD_TYPE_TEXT, false, maxLength: $maxLength);
    }

    public static function key(string $name): self
    {
        return new self($name, FieldType::FIELD_TYPE_INTEGER, false, isGenerated: true);
    }

    public static function reference(string $name, string $model): self
    {
        return new self($name, FieldType::FIELD_TYPE_INTEGER, true, $model);
    }

    public static function references(string $name, string $model): self
    {
        return new self($name, FieldType::FIELD_TYPE_LIST, false, $model);
    }

    public static function time(string $name, bool $isGenerated = false): self
    {
        return new self($name, FieldType::FIELD_TYPE_TIMESTAMP, true, isGenerated: $isGenerated);
    }

    /** A list whose order says nothing. */
    public function isSet(): bool
    {
        return $this->type === FieldType::FIELD_TYPE_LIST && $this->metaKey === '';
    }

    public function toProto(mixed $value): Value
    {
        if ($value instanceof LocalFile) {
            return new Value(['file_value' => new FileValue([
                'sha256' => (string) hex2bin($value->sha256),
                'size_bytes' => $value->sizeBytes,
                'name' => substr($value->name(), -255),
                'modify_time' => Values::timestamp(new \DateTimeImmutable("@$value->modifyTime")),
                'path' => $value->path,
            ])]);
        }
        return Values::toProto($value, $this->name);
    }

    /** What is the same has the same fingerprint. */
    public static function fingerprint(mixed $value): string
    {
        $plain = match (true) {
            $value instanceof LocalFile => "file $value->sha256 $value->path",
            $value instanceof \DateTimeInterface => 'time ' . $value->format('U.u'),
            default => (string) json_encode($value, JSON_INVALID_UTF8_SUBSTITUTE | JSON_PRESERVE_ZERO_FRACTION),
        };
        return substr(md5($plain), 0, 12);
    }

    /**
     * What a delivery has, as this field takes it.
     *
     * @throws Refused
     */
    public function fromDelivery(mixed $value): mixed
    {
        $value = $value instanceof Reference ? $value->id() : $value;
        if ($value === null) {
            return null;
        }
        return match ($this->type) {
            FieldType::FIELD_TYPE_INTEGER => $this->integer($value),
            FieldType::FIELD_TYPE_BOOL => filter_var($value, FILTER_VALIDATE_BOOLEAN, FILTER_NULL_ON_FAILURE) ?? throw $this->wrong('true or false'),
            FieldType::FIELD_TYPE_TIMESTAMP => $this->timeOf($value),
            FieldType::FIELD_TYPE_LIST => $this->listOf($value),
            FieldType::FIELD_TYPE_JSON => is_string($value) ? $this->json($value) : (string) json_encode(self::plain($value), JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES),
            default => $this->textOf($value),
        };
    }

    private function integer(mixed $value): int
    {
        $integer = filter_var(is_object($value) ? (string) $value : $value, FILTER_VALIDATE_INT);
        return $integer === false ? throw $this->wrong('a whole number') : $integer;
    }

    private function timeOf(mixed $value): \DateTimeImmutable
    {
        if ($value instanceof \DateTimeImmutable) {
            return $value;
        }
        $time = is_scalar($value) || $value instanceof Date ? date_create_immutable((string) $value, new \DateTimeZone('UTC')) : false;
        return $time === false ? throw $this->wrong('a time') : $time;
    }

    /** @return list<mixed> */
    private function listOf(mixed $value): array
    {
        $list = is_string($value) ? json_decode($value, true) : $value;
        if (!is_array($list) || !array_is_list($list)) {
            throw $this->wrong('a list');
        }
        $list = array_values(array_filter(array_map(static fn (mixed $one): mixed => $one instanceof Reference ? $one->id() : $one, $list), static fn (mixed $one): bool => $one !== null));
        return $this->model === '' ? array_map($this->textOf(...), $list) : array_map($this->integer(...), $list);
    }

    private function json(string $text): string
    {
        json_decode($text, true, 64);
        return json_last_error() === JSON_ERROR_NONE ? $text : throw $this->wrong('JSON');
    }

    private function textOf(mixed $value): string
    {
        return match (true) {
            is_bool($value) => $value ? '1' : '0',
            is_scalar($value), $value instanceof Decimal, $value instanceof Date => (string) $value,
            $value instanceof \DateTimeInterface => $value->format('Y-m-d\TH:i:s\Z'),
            default => throw $this->wrong('a text'),
        };
    }

    private static function plain(mixed $value): mixed
    {
        return match (true) {
            $value instanceof Map => array_map(self::plain(...), iterator_to_array($value)) ?: new \stdClass(),
            is_array($value) => array_map(self::plain(...), $value),
            $value instanceof Reference => $value->id(),
            $value instanceof \DateTimeInterface => $value->format('Y-m-d\TH:i:s.u\Z'),
            $value instanceof \Stringable => (string) $value,
            is_object($value) => null,
            default => $value,
        };
    }

    private function wrong(string $want): Refused
    {
        return Refused::rejected('WRONG_TYPE', "the value of $this->name is of another kind, want $want", $this->name);
    }
}
