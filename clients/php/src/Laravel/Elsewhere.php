<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Cognate\V1\Operation;
use Illuminate\Database\ConnectionInterface;

/** Which records anybody else may have: they were sent or delivered, or are about to be, and were not deleted since. */
final class Elsewhere
{
    public function __construct(private readonly Outbox $outbox, private readonly Inbox $inbox)
    {
    }

    /**
     * @param list<string> $localIds
     * @return list<string> those of them that others may have
     */
    public function has(ConnectionInterface $connection, string $model, array $localIds): array
    {
        // The outbox first: what is sent meanwhile is in the inbox before it is out of there.
        $last = [];
        foreach ($this->outbox->pendingOfMany($connection, $model, $localIds) as $row) {
            $last[$row->localId] = $row->operation !== Operation::OPERATION_DELETE;
        }
        $settled = array_values(array_filter($localIds, static fn (string $id): bool => !isset($last[$id])));
        foreach ($settled === [] ? [] : $this->inbox->ofRecords($connection, $model, $settled) as $localId => $row) {
            $last[$localId] = !$row->isDeleted;
        }
        return array_values(array_filter($localIds, static fn (string $id): bool => $last[$id] ?? false));
    }
}
