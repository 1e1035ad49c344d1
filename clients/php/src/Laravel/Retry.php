<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Cognate\V1\Operation;
use Illuminate\Database\Connection;

/** Captures records whose changes the hub has refused once more, as they are now. */
final class Retry
{
    public function __construct(
        private readonly Connections $connections,
        private readonly Definitions $definitions,
        private readonly Outbox $outbox,
        private readonly Inbox $inbox,
        private readonly Elsewhere $elsewhere,
        private readonly Capture $capture,
    ) {
    }

    /** @return array{int, int} records that are captured, and those of which nothing is to be said any more */
    public function all(): array
    {
        $captured = $past = 0;
        foreach ($this->connections->all() as $connection) {
            while (($rows = $this->outbox->refused($connection)) !== []) {
                $records = [];
                foreach ($rows as $row) {
                    $records["$row->model\0$row->localId"] = $row;
                }
                foreach ($records as $row) {
                    $connection->transaction(fn (): bool => $this->again($connection, $row)) ? $captured++ : $past++;
                }
                $this->outbox->remove($connection, $rows);
            }
        }
        return [$captured, $past];
    }

    private function again(Connection $connection, OutboxRow $row): bool
    {
        $this->inbox->lock($connection);
        $definition = $this->definitions->named($row->model);
        $record = $definition?->find($row->localId, true);
        if ($definition === null || $this->outbox->pendingOf($connection, $row->model, $row->localId) !== []) {
            return false;
        }
        if ($record !== null) {
            return $this->capture->asItIs($definition, $record);
        }
        if ($this->elsewhere->has($connection, $row->model, [$row->localId]) === []) {
            return false;
        }
        $this->outbox->append($connection, $row->model, $row->localId, Operation::OPERATION_DELETE, $row->operation === Operation::OPERATION_DELETE ? $row->fields : [], null);
        return true;
    }
}
