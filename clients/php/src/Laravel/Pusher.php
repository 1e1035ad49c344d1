<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Cognate\Client\Exception\InvalidArgument;
use Cognate\V1\Change;
use Cognate\V1\Field;
use Cognate\V1\Operation;
use Illuminate\Contracts\Events\Dispatcher;
use Illuminate\Database\ConnectionInterface;

/** Sends the outbox: the oldest changes first, so that those of one record arrive in the order of its writes. */
final class Pusher
{
    private const MAX_BYTES = 2_000_000;

    public function __construct(
        private readonly Hub $hub,
        private readonly Outbox $outbox,
        private readonly Inbox $inbox,
        private readonly Definitions $definitions,
        private readonly Records $records,
        private readonly FieldValues $values,
        private readonly Connections $connections,
        private readonly Options $options,
        private readonly Dispatcher $events,
    ) {
    }

    /**
     * Sends one batch of each connection.
     *
     * @return int how many changes the hub has answered
     */
    public function push(): int
    {
        $answered = 0;
        foreach ($this->connections->all() as $connection) {
            $answered += $this->send($connection, $this->outbox->oldest($connection, $this->options->batch));
        }
        return $answered;
    }

    /** @param list<OutboxRow> $rows */
    private function send(ConnectionInterface $connection, array $rows): int
    {
        [$rows, $changes, $refused] = $this->batch($connection, $rows);
        if ($rows === []) {
            return $refused;
        }
        try {
            $response = is_string($changes[0]) ? $this->hub->captureBytes($changes) : $this->hub->capture($changes);
        } catch (InvalidArgument $error) {
            // One of them makes the request unreadable: halves, until it is found.
            if (count($rows) > 1) {
                $half = intdiv(count($rows), 2);
                return $refused + $this->send($connection, array_slice($rows, 0, $half)) + $this->send($connection, array_slice($rows, $half));
            }
            $this->refuse($connection, $rows[0], $error->reason, $error->getMessage());
            return $refused + 1;
        }
        $this->settle($connection, $rows, iterator_to_array($response->getResults(), false));
        return $refused + count($rows);
    }

    /**
     * As many as fit into one request.
     *
     * @param list<OutboxRow> $rows
     * @return array{list<OutboxRow>, list<Change>|list<string>, int}
     */
    private function batch(ConnectionInterface $connection, array $rows): array
    {
        $kept = $changes = [];
        $bytes = $refused = 0;
        $asBytes = $this->hub->takesBytes();
        foreach ($rows as $row) {
            try {
                $change = $this->change($row, $asBytes);
            } catch (\Throwable $error) {
                $this->refuse($connection, $row, 'UNREADABLE_CHANGE', ErrorReport::words($error));
                $refused++;
                continue;
            }
            $bytes += $row->bytes;
            if ($kept !== [] && $bytes > self::MAX_BYTES) {
                break;
            }
            $kept[] = $row;
            $changes[] = $change;
        }
        return [$kept, $changes, $refused];
    }

    private function change(OutboxRow $row, bool $asBytes): Change|string
    {
        $definition = $this->definitions->named($row->model)
            ?? throw new Exceptions\InvalidDefinition("$row->model is not among the models of config/cognate.php");
        // What has been hidden since it was captured does not leave either.
        $columns = array_intersect_key($this->records->columns($definition), $row->fields);
        if ($asBytes) {
            return EncodedCapture::change($row, array_map(fn (string $name): array => $this->values->kindOf($row->fields[$name], $columns[$name]), array_combine(array_keys($columns), array_keys($columns))));
        }
        $fields = [];
        foreach ($columns as $name => $column) {
            $fields[] = (new Field())->setName((string) $name)->setValue($this->values->toValue($row->fields[$name], $column));
        }
        return (new Change())->setChangeId($row->changeId)->setModel($row->model)->setLocalId($row->localId)->setOperation($row->operation)
            ->setFields($fields)->setSourceTime(FieldValues::micros($row->sourceMicros));
    }

    /**
     * @param list<OutboxRow> $rows
     * @param list<\Cognate\V1\CaptureResult> $results one for each row, in order
     */
    private function settle(ConnectionInterface $connection, array $rows, array $results): void
    {
        $taken = $gone = [];
        foreach ($rows as $place => $row) {
            $result = $results[$place] ?? null;
            if ($result === null || $result->getChangeId() !== $row->changeId) {
                continue;
            }
            $error = $result->getError();
            if ($error !== null) {
                $this->refuse($connection, $row, $error->getReason(), $error->getMessage());
                continue;
            }
            $gone[] = $row->id;
            $deleted = $row->operation === Operation::OPERATION_DELETE;
            $made = $row->operation === Operation::OPERATION_CREATE || ($taken["$row->model\0$row->localId"]['deleted'] ?? false);
            $floor = $made ? (int) $result->getVersion() : ($taken["$row->model\0$row->localId"]['floor'] ?? 0);
            $taken["$row->model\0$row->localId"] = [
                'model' => $row->model,
                'local_id' => $row->localId,
                'version' => (int) $result->getVersion(),
                'floor' => $deleted ? 0 : $floor,
                'hash' => $deleted ? null : RawValues::hash($row->fields),
                'deleted' => $deleted,
            ];
        }
        foreach (array_chunk(array_keys($taken), 100) as $keys) {
            // In small transactions: on SQLite nobody else can write meanwhile.
            $this->inbox->sent($connection, array_values(array_intersect_key($taken, array_flip($keys))));
        }
        $this->outbox->remove($connection, $gone);
    }

    private function refuse(ConnectionInterface $connection, OutboxRow $row, string $reason, string $message): void
    {
        $this->outbox->refuse($connection, $row->id, "$reason: $message");
        $this->events->dispatch(new Events\ChangeRefused($row->model, $row->localId, $reason, $message));
    }
}
