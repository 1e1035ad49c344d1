<?php

declare(strict_types=1);

namespace Cognate\Laravel\Events;

/** The hub does not take a change of here. It stays in the outbox; `cognate:retry` captures the record anew, as it is then. */
final class ChangeRefused
{
    public function __construct(
        public readonly string $model,
        public readonly string $localId,
        public readonly string $reason,
        public readonly string $message,
    ) {
    }
}
