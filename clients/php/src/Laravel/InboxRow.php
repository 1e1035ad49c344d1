<?php

declare(strict_types=1);

namespace Cognate\Laravel;

/** What this side knows of one record: which entity it is, and the newest version that it has or gave. */
final class InboxRow
{
    /**
     * @param int $version the newest that was delivered here, or that the hub gave a change of here
     * @param int $floor deletes of this version and older are past: the record was delivered, or made anew, after them
     */
    public function __construct(
        public readonly int $id,
        public readonly ?string $entityId,
        public readonly string $model,
        public readonly string $localId,
        public readonly int $version,
        public readonly ?string $hash,
        public readonly bool $isDeleted,
        public readonly int $floor,
        public readonly bool $isDeletedByDelivery,
        public readonly bool $isReported,
    ) {
    }

    public static function of(object $row): self
    {
        return new self((int) $row->id, $row->entity_id, $row->model, $row->local_id, (int) $row->version, $row->hash, (bool) $row->deleted, (int) $row->floor, (bool) $row->deleted && $row->source !== null, (bool) $row->reported);
    }
}
