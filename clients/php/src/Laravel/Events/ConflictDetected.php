<?php

declare(strict_types=1);

namespace Cognate\Laravel\Events;

/** An edit of here and one of another platform met. `lost` is what was not kept; `conflict` names it at the hub, where it is listed there. */
final class ConflictDetected
{
    /**
     * @param array<string, mixed> $here
     * @param array<string, mixed> $lost
     */
    public function __construct(
        public readonly string $model,
        public readonly string $localId,
        public readonly string $entityId,
        public readonly array $here,
        public readonly array $lost,
        public readonly string $conflict,
    ) {
    }
}
