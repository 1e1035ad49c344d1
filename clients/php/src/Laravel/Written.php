<?php

declare(strict_types=1);

namespace Cognate\Laravel;

/** What became of a delivery that is done. */
final class Written
{
    /** @param list<object> $events for after the commit */
    public function __construct(public readonly string $localId, public readonly int $version, public readonly array $events = [])
    {
    }
}
