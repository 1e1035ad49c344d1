<?php

declare(strict_types=1);

namespace Cognate\Laravel;

/** What became of a delivery that is done. */
final class Written
{
    /**
     * @param list<object> $events for after the commit
     * @param array<string, mixed>|null $delivered what was to be written, raw; null: what is there has another version
     */
    public function __construct(
        public readonly string $localId,
        public readonly int $version,
        public readonly array $events = [],
        public readonly ?array $delivered = null,
    ) {
    }
}
