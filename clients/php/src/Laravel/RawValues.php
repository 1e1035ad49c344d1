<?php

declare(strict_types=1);

namespace Cognate\Laravel;

/** A record's values as the database gave them, as JSON that keeps bytes and times apart from text. */
final class RawValues
{
    /** @param array<string, mixed> $values */
    public static function encode(array $values): string
    {
        return json_encode(
            array_map([self::class, 'plain'], $values) ?: new \stdClass(),
            JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_PRESERVE_ZERO_FRACTION,
        );
    }

    /** @return array<string, mixed> bytes as Bytes, times as DateTimeImmutable in UTC */
    public static function decode(string $json): array
    {
        return array_map([self::class, 'whole'], json_decode($json, true, 512, JSON_THROW_ON_ERROR));
    }

    /** The same for the same values, in whatever order they come. */
    public static function hash(array $values): string
    {
        ksort($values);
        return md5(self::encode($values));
    }

    private static function plain(mixed $value): mixed
    {
        if (is_resource($value)) {
            $value = new Bytes((string) stream_get_contents($value));
        }
        if (is_string($value) && preg_match('//u', $value) !== 1) {
            $value = new Bytes($value);
        }
        return match (true) {
            $value instanceof Bytes => ['@bytes' => base64_encode($value->bytes)],
            $value instanceof \DateTimeInterface => ['@time' => \DateTimeImmutable::createFromInterface($value)->setTimezone(new \DateTimeZone('UTC'))->format('Y-m-d H:i:s.u')],
            $value instanceof \BackedEnum => $value->value,
            $value instanceof \Stringable => (string) $value,
            $value instanceof \JsonSerializable, is_array($value) => ['@json' => json_encode($value, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES)],
            default => $value,
        };
    }

    private static function whole(mixed $value): mixed
    {
        if (!is_array($value)) {
            return $value;
        }
        return match (true) {
            isset($value['@bytes']) => new Bytes((string) base64_decode($value['@bytes'], true)),
            isset($value['@time']) => new \DateTimeImmutable($value['@time'], new \DateTimeZone('UTC')),
            default => $value['@json'] ?? null,
        };
    }
}
