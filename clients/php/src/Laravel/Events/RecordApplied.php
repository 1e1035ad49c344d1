<?php

declare(strict_types=1);

namespace Cognate\Laravel\Events;

/** A delivery was written here. */
final class RecordApplied
{
    public function __construct(
        public readonly string $model,
        public readonly string $entityId,
        public readonly string $localId,
        public readonly int $version,
        public readonly bool $deleted,
        public readonly bool $created = false,
    ) {
    }
}
