<?php

declare(strict_types=1);

namespace Cognate\Laravel;

/** A delivery in PHP's own values: what another platform's record is to be here. */
final class Incoming
{
    /**
     * @param array<string, mixed> $attributes raw, as the database takes them
     * @param array<string, string> $source `platform`, `model` and `local_id` of the record that it comes from
     */
    public function __construct(
        public readonly string $entityId,
        public readonly Definition $definition,
        public readonly int $version,
        public readonly bool $isDelete,
        public readonly array $attributes,
        public readonly string $localId,
        public readonly array $source,
        public readonly string $actingIdentity = '',
        public readonly bool $isIncomplete = false,
    ) {
    }
}
