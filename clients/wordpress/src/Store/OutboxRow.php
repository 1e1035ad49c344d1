<?php

declare(strict_types=1);

namespace Cognate\WordPress\Store;

/** A record that has changed here since the hub was told of it. */
final class OutboxRow
{
    /** @param string $token another one after each change */
    public function __construct(
        public readonly int $id,
        public readonly string $model,
        public readonly string $localId,
        public readonly string $token,
        public readonly int $sourceMicros,
        public readonly ?string $error,
    ) {
    }

    public static function of(object $row): self
    {
        return new self((int) $row->id, $row->model, $row->local_id, $row->token, (int) $row->source_time, $row->error);
    }
}
