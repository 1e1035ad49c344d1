<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Cognate\V1\Operation;

/** Captures records whose changes the hub has refused once more, as they are now. */
final class Retry
{
    public function __construct(
        private readonly Connections $connections,
        private readonly Definitions $definitions,
        private readonly Outbox $outbox,
        private readonly Inbox $inbox,
        private readonly Records $records,
    ) {
    }

    /** @return array{int, int} records that are captured, and those that are gone */
    public function all(): array
    {
        $captured = $gone = 0;
        foreach ($this->connections->all() as $connection) {
            while (($rows = $this->outbox->refused($connection)) !== []) {
                $records = [];
                foreach ($rows as $row) {
                    $records["$row->model\0$row->localId"] = $row;
                }
                foreach ($records as $row) {
                    $found = $connection->transaction(function () use ($connection, $row): bool {
                        $this->inbox->lock($connection);
                        $definition = $this->definitions->named($row->model);
                        $record = $definition?->find($row->localId, true);
                        if ($definition === null || $this->outbox->pendingOf($connection, $row->model, $row->localId) !== []) {
                            return false;
                        }
                        if ($record === null) {
                            if ($row->operation === Operation::OPERATION_DELETE) {
                                $this->outbox->append($connection, $row->model, $row->localId, Operation::OPERATION_DELETE, $row->fields, null);
                            }
                            return false;
                        }
                        $fields = $this->records->travelling($definition, $record, $record->getAttributes());
                        $this->outbox->append($connection, $row->model, $row->localId, Operation::OPERATION_UPDATE, $fields, null);
                        return true;
                    });
                    $found ? $captured++ : $gone++;
                }
                $this->outbox->remove($connection, array_map(static fn (OutboxRow $row): int => $row->id, $rows));
            }
        }
        return [$captured, $gone];
    }
}
