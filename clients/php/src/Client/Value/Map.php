<?php

declare(strict_types=1);

namespace Cognate\Client\Value;

/**
 * Named values. A class of its own, because an array cannot tell an empty map from an empty list, nor the names "0", "1" from places.
 *
 * @implements \IteratorAggregate<string, mixed>
 * @implements \ArrayAccess<string, mixed>
 */
final class Map implements \ArrayAccess, \Countable, \IteratorAggregate, \JsonSerializable
{
    /** @param array<array-key, mixed> $values */
    public function __construct(private readonly array $values = [])
    {
    }

    /** @return array<array-key, mixed> with maps inside as arrays, too */
    public function toArray(): array
    {
        return array_map(self::plain(...), $this->values);
    }

    private static function plain(mixed $value): mixed
    {
        if ($value instanceof self) {
            return $value->toArray();
        }
        return is_array($value) ? array_map(self::plain(...), $value) : $value;
    }

    public function offsetExists(mixed $offset): bool
    {
        return array_key_exists($offset, $this->values);
    }

    public function offsetGet(mixed $offset): mixed
    {
        return $this->values[$offset] ?? null;
    }

    public function offsetSet(mixed $offset, mixed $value): void
    {
        throw new \LogicException('A Map does not change; make another one');
    }

    public function offsetUnset(mixed $offset): void
    {
        throw new \LogicException('A Map does not change; make another one');
    }

    public function count(): int
    {
        return count($this->values);
    }

    public function getIterator(): \Generator
    {
        foreach ($this->values as $name => $value) {
            yield (string) $name => $value;
        }
    }

    public function jsonSerialize(): object
    {
        return (object) $this->values;
    }
}
