<?php

declare(strict_types=1);

namespace Cognate\Laravel\Events;

/** A delivery was not written here; the hub knows why. */
final class RecordRefused
{
    public function __construct(
        public readonly string $model,
        public readonly string $entityId,
        public readonly string $localId,
        public readonly int $version,
        public readonly string $status,
        public readonly string $reason,
        public readonly string $message,
    ) {
    }
}
