<?php

declare(strict_types=1);

namespace Cognate\Client\Json;

/** The entries of a map field as an array. */
final class Entries
{
    private function __construct()
    {
    }

    /**
     * @param mixed $map
     * @return array<array-key, mixed>
     */
    public static function of(mixed $map): array
    {
        if (!$map instanceof \Traversable) {
            return (array) $map;
        }
        // The protobuf runtime of Debian 12 makes a property that its iterator does not declare, which PHP 8.2 complains of.
        return iterator_to_array($map instanceof \IteratorAggregate ? @$map->getIterator() : $map);
    }
}
