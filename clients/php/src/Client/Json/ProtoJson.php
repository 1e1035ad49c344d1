<?php

declare(strict_types=1);

namespace Cognate\Client\Json;

use Google\Protobuf\Internal\GPBType;
use Google\Protobuf\Internal\Message;
use Google\Protobuf\NullValue;

/**
 * Messages as JSON, as protobuf defines it. Not that of the protobuf runtime, which in plain PHP needs ext-bcmath for every number of
 * 64 bits and forgets the sign of zero.
 *
 * Reading passes over fields that it does not know, and takes JSON's own null for "not set", but for NullValue.
 */
final class ProtoJson
{
    private const MAX_DEPTH = 256;
    private const INT32 = [GPBType::INT32, GPBType::SINT32, GPBType::SFIXED32];
    private const INT64 = [GPBType::INT64, GPBType::SINT64, GPBType::SFIXED64, GPBType::UINT64, GPBType::FIXED64];

    private function __construct()
    {
    }

    public static function encode(Message $message): string
    {
        return json_encode(
            self::object($message),
            JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_PRESERVE_ZERO_FRACTION,
            self::MAX_DEPTH
        );
    }

    /**
     * Reads into `$message`.
     *
     * @throws NotReadable
     */
    public static function decode(string $json, Message $message): void
    {
        try {
            // An object as an array: of two fields with the same name the last one counts.
            $tree = json_decode($json, true, self::MAX_DEPTH, JSON_THROW_ON_ERROR | JSON_BIGINT_AS_STRING);
        } catch (\JsonException $exception) {
            throw new NotReadable('JSON (' . $exception->getMessage() . ')', $json);
        }
        if (!is_array($tree) || ($tree !== [] && array_is_list($tree))) {
            throw new NotReadable('an object', $tree);
        }
        self::readObject($message, $tree);
    }

    private static function object(Message $message): \stdClass
    {
        $object = new \stdClass();
        foreach (Shapes::of($message) as $shape) {
            if ($shape->hasser !== null && !$message->{$shape->hasser}()) {
                continue;
            }
            $value = $message->{$shape->getter}();
            if ($shape->mapValue !== null) {
                self::writeMap($object, $shape, $value);
            } elseif ($shape->isRepeated) {
                self::writeList($object, $shape, $value);
            } elseif ($shape->hasser !== null || !self::isDefault($value)) {
                $object->{$shape->jsonName} = self::scalar($shape, $value);
            }
        }
        return $object;
    }

    private static function isDefault(mixed $value): bool
    {
        return $value === null || $value === '' || $value === false || $value === 0 || ($value === 0.0 && 1 / self::signed($value) > 0);
    }

    /** A zero of either sign as something that can be divided by. */
    private static function signed(float $value): float
    {
        return str_starts_with((string) $value, '-') ? -1.0 : 1.0;
    }

    /** @param iterable<mixed> $values */
    private static function writeList(\stdClass $object, FieldShape $shape, iterable $values): void
    {
        $list = [];
        foreach ($values as $value) {
            $list[] = self::scalar($shape, $value);
        }
        if ($list !== []) {
            $object->{$shape->jsonName} = $list;
        }
    }

    private static function writeMap(\stdClass $object, FieldShape $shape, mixed $values): void
    {
        $map = new \stdClass();
        $entries = Entries::of($values);
        foreach ($entries as $key => $value) {
            $map->{is_bool($key) ? ($key ? 'true' : 'false') : (string) $key} = self::scalar($shape->mapValue ?? $shape, $value);
        }
        if ($entries !== []) {
            $object->{$shape->jsonName} = $map;
        }
    }

    private static function scalar(FieldShape $shape, mixed $value): mixed
    {
        return match (true) {
            $value instanceof Message => WellKnown::encode($value) ?? self::object($value),
            $shape->class === NullValue::class => null,
            $shape->type === GPBType::ENUM => Shapes::enumNames((string) $shape->class)[$value] ?? $value,
            $shape->type === GPBType::BYTES => base64_encode($value),
            in_array($shape->type, self::INT64, true) => (string) $value,
            is_float($value) => self::float($value),
            default => $value,
        };
    }

    private static function float(float $value): float|string
    {
        if (is_nan($value)) {
            return 'NaN';
        }
        if (is_infinite($value)) {
            return $value > 0 ? 'Infinity' : '-Infinity';
        }
        // Some php.ini cut digits; as a text it keeps them all.
        return in_array(ini_get('serialize_precision'), ['-1', '17'], true) ? $value : sprintf('%.17g', $value);
    }

    /** @param array<array-key, mixed> $tree */
    private static function readObject(Message $message, array $tree): void
    {
        foreach (Shapes::of($message) as $shape) {
            $key = array_key_exists($shape->jsonName, $tree) ? $shape->jsonName : $shape->name;
            if (!array_key_exists($key, $tree)) {
                continue;
            }
            $json = $tree[$key];
            if ($json === null && $shape->class !== NullValue::class) {
                continue;
            }
            $value = self::fieldOf($shape, $json);
            if ($value !== null) {
                $message->{$shape->setter}($value);
            }
        }
    }

    private static function fieldOf(FieldShape $shape, mixed $json): mixed
    {
        if ($shape->mapKey !== null && $shape->mapValue !== null) {
            return self::mapOf($shape->mapKey, $shape->mapValue, $json);
        }
        return $shape->isRepeated ? self::listOf($shape, $json) : self::valueOf($shape, $json);
    }

    /** @return list<mixed> */
    private static function listOf(FieldShape $shape, mixed $json): array
    {
        if (!is_array($json) || !array_is_list($json)) {
            throw new NotReadable("a list in {$shape->name}", $json);
        }
        $values = [];
        foreach ($json as $element) {
            $value = self::valueOf($shape, $element);
            if ($value !== null) {
                $values[] = $value;
            }
        }
        return $values;
    }

    /** @return array<array-key, mixed> */
    private static function mapOf(FieldShape $keyShape, FieldShape $valueShape, mixed $json): array
    {
        if (!is_array($json)) {
            throw new NotReadable('an object', $json);
        }
        $map = [];
        foreach ($json as $key => $element) {
            $value = self::valueOf($valueShape, $element);
            $key = self::valueOf($keyShape, $keyShape->type === GPBType::BOOL ? $key === 'true' : (string) $key);
            if ($value !== null) {
                $map[$key] = $value;
            }
        }
        return $map;
    }

    /** Null for what is passed over: an enum's name that this version does not know. */
    private static function valueOf(FieldShape $shape, mixed $json): mixed
    {
        return match (true) {
            $shape->type === GPBType::MESSAGE => self::messageOf($shape, $json),
            $shape->type === GPBType::ENUM => self::enumOf($shape, $json),
            $shape->type === GPBType::STRING => is_string($json) ? $json : throw new NotReadable("a text in {$shape->name}", $json),
            $shape->type === GPBType::BYTES => self::bytesOf($shape, $json),
            $shape->type === GPBType::BOOL => is_bool($json) ? $json : throw new NotReadable("true or false in {$shape->name}", $json),
            $shape->type === GPBType::DOUBLE, $shape->type === GPBType::FLOAT => self::floatOf($shape, $json),
            default => self::integerOf($shape, $json),
        };
    }

    private static function messageOf(FieldShape $shape, mixed $json): Message
    {
        /** @var class-string<Message> $class */
        $class = $shape->class;
        $message = new $class();
        if (!WellKnown::decode($message, $json)) {
            if (!is_array($json) || ($json !== [] && array_is_list($json))) {
                throw new NotReadable("an object in {$shape->name}", $json);
            }
            self::readObject($message, $json);
        }
        return $message;
    }

    private static function enumOf(FieldShape $shape, mixed $json): ?int
    {
        if ($shape->class === NullValue::class) {
            return NullValue::NULL_VALUE;
        }
        if (is_int($json) && $json >= -(1 << 31) && $json < 1 << 31) {
            return $json;
        }
        if (!is_string($json)) {
            throw new NotReadable("the name of an enum in {$shape->name}", $json);
        }
        $number = array_search($json, Shapes::enumNames((string) $shape->class), true);
        return $number === false ? null : $number;
    }

    private static function bytesOf(FieldShape $shape, mixed $json): string
    {
        $bytes = is_string($json) ? base64_decode(strtr(rtrim($json, '='), '-_', '+/'), true) : false;
        return $bytes !== false ? $bytes : throw new NotReadable("base64 in {$shape->name}", $json);
    }

    private static function floatOf(FieldShape $shape, mixed $json): float
    {
        return match (true) {
            is_int($json), is_float($json) => (float) $json,
            $json === 'NaN' => NAN,
            $json === 'Infinity' => INF,
            $json === '-Infinity' => -INF,
            is_string($json) && is_numeric($json) && strlen($json) < 2000 => (float) $json,
            default => throw new NotReadable("a number in {$shape->name}", $json),
        };
    }

    private static function integerOf(FieldShape $shape, mixed $json): int
    {
        if (is_float($json) && floor($json) === $json && abs($json) < 2 ** 53) {
            $json = (int) $json;
        }
        if (is_string($json) && preg_match('/^-?[0-9]{1,19}$/D', $json) === 1 && self::fits64($json)) {
            $json = (int) $json;
        }
        $isSmall = in_array($shape->type, self::INT32, true);
        if (!is_int($json) || ($isSmall && ($json < -(1 << 31) || $json >= 1 << 31))) {
            throw new NotReadable("a whole number of " . ($isSmall ? 32 : 64) . " bits in {$shape->name}", $json);
        }
        return $json;
    }

    /** Casting cuts what is too large to the largest: then it is written otherwise. */
    private static function fits64(string $digits): bool
    {
        $normal = (string) preg_replace('/^(-?)0+(?=[0-9])/', '$1', $digits);
        return (string) (int) $digits === ($normal === '-0' ? '0' : $normal);
    }
}
