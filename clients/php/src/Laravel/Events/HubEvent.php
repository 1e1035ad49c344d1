<?php

declare(strict_types=1);

namespace Cognate\Laravel\Events;

/** What became of a record of here on another platform. It may be told twice; `eventId` is the same then. */
abstract class HubEvent
{
    final public function __construct(
        public readonly string $eventId,
        public readonly string $model,
        public readonly string $localId,
        public readonly string $entityId,
        public readonly string $platform,
        public readonly string $targetModel,
        public readonly string $targetLocalId,
        public readonly int $version,
        public readonly string $reason,
        public readonly string $sentence,
        public readonly string $actingIdentity = '',
    ) {
    }
}
