<?php

declare(strict_types=1);

namespace Cognate\WordPress\Store;

/** What this side knows of one record: which entity it is, the newest version that it has or gave, and what the record was then. */
final class InboxRow
{
    /**
     * @param int $floor deletes of this version and older are past: the record was delivered, or made anew, after them
     * @param array<string, string> $base a fingerprint of each field, as it was when it was last sent or delivered
     */
    public function __construct(
        public readonly int $id,
        public readonly ?string $entityId,
        public readonly string $model,
        public readonly string $localId,
        public readonly int $version,
        public readonly int $floor,
        public readonly array $base,
        public readonly bool $isDeleted,
        public readonly bool $isDeletedByDelivery,
    ) {
    }

    /** @param array<string, string> $base whether a record with these fingerprints is as it was; each to the letter, for '0e1' == '0e2' */
    public function isAsBefore(array $base): bool
    {
        return count($this->base) === count($base) && array_diff_assoc($this->base, $base) === [];
    }

    /** Whether the hub took an edit of here after the delete of elsewhere that ended the record: it must hear of that once more. */
    public function isNewerAtHub(): bool
    {
        return $this->isDeletedByDelivery && $this->version > $this->floor;
    }

    public static function of(object $row): self
    {
        $base = $row->base === null ? [] : json_decode($row->base, true);
        return new self(
            (int) $row->id,
            $row->entity_id,
            $row->model,
            $row->local_id,
            (int) $row->version,
            (int) $row->floor,
            is_array($base) ? $base : [],
            (bool) $row->deleted,
            (bool) $row->deleted && $row->source !== null,
        );
    }
}
