<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Closure;
use Cognate\Client\Exception\InvalidArgument;
use Cognate\Client\Exception\ResourceExhausted;
use Cognate\Laravel\Exceptions\InvalidDefinition;
use Cognate\Laravel\Files\OutgoingFiles;
use Cognate\V1\CaptureResult;
use Cognate\V1\Change;
use Cognate\V1\Field;
use Cognate\V1\Operation;
use Illuminate\Contracts\Events\Dispatcher;
use Illuminate\Database\Connection;

/** Sends the outbox: the oldest changes first, so that those of one record arrive in the order of its writes. */
final class Pusher
{
    private const MAX_BYTES = 2_000_000;

    public function __construct(
        private readonly Hub $hub,
        private readonly Outbox $outbox,
        private readonly Inbox $inbox,
        private readonly Reconciler $reconciler,
        private readonly Definitions $definitions,
        private readonly Records $records,
        private readonly FieldValues $values,
        private readonly OutgoingFiles $files,
        private readonly Connections $connections,
        private readonly Options $options,
        private readonly Dispatcher $events,
    ) {
    }

    /**
     * Sends one batch of each connection.
     *
     * @param (Closure(): bool)|null $mayGoOn asked before each request
     * @return int how many changes are settled: taken, or refused
     */
    public function push(?Closure $mayGoOn = null): int
    {
        $settled = 0;
        foreach ($this->connections->all() as $connection) {
            [$rows, $over] = $this->due($connection, $this->outbox->oldest($connection, $this->options->batch));
            $settled += $over + $this->send($connection, $rows, $mayGoOn ?? static fn (): bool => true);
        }
        return $settled;
    }

    /**
     * Without edits of records that another worker has just written and not reported yet: to the hub they would be what the record was
     * before that, read back, and go nowhere. And without those of somebody who had a record in hand that was deleted meanwhile: for
     * others they would make it anew.
     *
     * @param list<OutboxRow> $rows
     * @return array{list<OutboxRow>, int} and how many are over
     */
    private function due(Connection $connection, array $rows): array
    {
        $known = $this->inbox->ofMany($connection, array_map(static fn (OutboxRow $row): array => [$row->model, $row->localId], $rows));
        $due = $over = $deleted = [];
        foreach ($rows as $row) {
            $name = "$row->model\0$row->localId";
            $of = $known[$name] ?? null;
            $isGone = $deleted[$name] ?? $of?->isDeleted === true;
            $deleted[$name] = $row->operation === Operation::OPERATION_DELETE || ($isGone && $row->operation === Operation::OPERATION_UPDATE);
            if ($of !== null && !$of->isReported) {
                continue;
            }
            if ($isGone && $row->operation === Operation::OPERATION_UPDATE && !$this->isThere($row)) {
                $over[] = $row;
            } else {
                $due[] = $row;
            }
        }
        return [$due, $this->outbox->remove($connection, $over)];
    }

    private function isThere(OutboxRow $row): bool
    {
        $definition = $this->definitions->named($row->model);
        $record = $definition?->find($row->localId);
        return $definition === null || ($record !== null && $definition->isInSync($record));
    }

    /**
     * @param list<OutboxRow> $rows
     * @param Closure(): bool $mayGoOn
     */
    private function send(Connection $connection, array $rows, Closure $mayGoOn): int
    {
        [$rows, $changes, $refused] = $this->batch($connection, $rows, $mayGoOn);
        if ($rows === [] || !$mayGoOn()) {
            return $refused;
        }
        try {
            $response = is_string($changes[0]) ? $this->hub->captureBytes($changes) : $this->hub->capture($changes);
        } catch (InvalidArgument | ResourceExhausted $error) {
            $isTooLarge = $error instanceof ResourceExhausted;
            if ($isTooLarge ? !self::isTooLarge($error) : !self::isOfChanges($error)) {
                throw $error;
            }
            // One of them makes the request unreadable, or all together make it too large: halves, until it is found.
            if (count($rows) > 1) {
                $half = intdiv(count($rows), 2);
                return $refused + $this->send($connection, array_slice($rows, 0, $half), $mayGoOn) + $this->send($connection, array_slice($rows, $half), $mayGoOn);
            }
            $why = $isTooLarge ? "the record's {$rows[0]->bytes} bytes are more than the way to the hub lets through; send less of it by syncFields(), or have the limit raised: " : '';
            $this->refuse($connection, $rows[0], $isTooLarge ? 'RECORD_TOO_LARGE' : $error->reason, $why . $error->getMessage());
            return $refused + 1;
        }
        return $refused + $this->settle($connection, $rows, iterator_to_array($response->getResults(), false));
    }

    /** Not what is wrong with the request as a whole. */
    private static function isOfChanges(InvalidArgument $error): bool
    {
        $fields = array_column($error->fieldViolations, 'field');
        return $fields === [] || array_filter($fields, static fn (string $field): bool => str_starts_with($field, 'changes')) !== [];
    }

    /** Not what is only busy now: that has a time to come again by, or says what is spent. */
    private static function isTooLarge(ResourceExhausted $error): bool
    {
        return $error->retryDelay === null
            && (in_array($error->reason, ['BODY_TOO_LARGE', 'REQUEST_TOO_LARGE'], true) || preg_match('/larger than max|too large/i', $error->getMessage()) === 1);
    }

    /**
     * As many as fit into one request.
     *
     * @param list<OutboxRow> $rows
     * @param Closure(): bool $mayGoOn
     * @return array{list<OutboxRow>, list<Change>|list<string>, int}
     */
    private function batch(Connection $connection, array $rows, Closure $mayGoOn): array
    {
        $files = $this->files->of($rows, $mayGoOn);
        $kept = $changes = [];
        $bytes = $refused = 0;
        $asBytes = $this->hub->takesBytes();
        foreach ($rows as $row) {
            try {
                $change = $this->change($row, $files[$row->id] ?? [], $asBytes);
            } catch (InvalidDefinition | \UnexpectedValueException | \JsonException $error) {
                // It cannot be sent as it is, however often; what the database says may pass.
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

    /** @param array<string, mixed> $files in the place of what was captured; null: the field is left out */
    private function change(OutboxRow $row, array $files, bool $asBytes): Change|string
    {
        if ($row->damage !== null) {
            throw new \UnexpectedValueException($row->damage);
        }
        $definition = $this->definitions->named($row->model)
            ?? throw new InvalidDefinition("$row->model is not among the models of config/cognate.php");
        // What has been hidden since it was captured does not leave either.
        $fields = array_filter($files, static fn (mixed $value): bool => $value !== null) + array_diff_key($row->fields, $files);
        $columns = array_intersect_key($this->records->columns($definition), $fields);
        if ($asBytes) {
            return EncodedCapture::change($row, array_map(fn (string $name): array => $this->values->kindOf($fields[$name], $columns[$name]), array_combine(array_keys($columns), array_keys($columns))));
        }
        $list = [];
        foreach ($columns as $name => $column) {
            $list[] = (new Field())->setName((string) $name)->setValue($this->values->toValue($fields[$name], $column));
        }
        return (new Change())->setChangeId($row->changeId)->setModel($row->model)->setLocalId($row->localId)->setOperation($row->operation)
            ->setFields($list)->setSourceTime(FieldValues::micros($row->sourceMicros));
    }

    /**
     * @param list<OutboxRow> $rows
     * @param list<CaptureResult> $results one for each row, in order
     * @return int how many have an answer
     */
    private function settle(Connection $connection, array $rows, array $results): int
    {
        $taken = $done = [];
        $settled = 0;
        foreach ($rows as $place => $row) {
            $result = $results[$place] ?? null;
            if ($result === null || $result->getChangeId() !== $row->changeId) {
                continue;
            }
            $settled++;
            $error = $result->getError();
            if ($error !== null) {
                $this->refuse($connection, $row, $error->getReason(), $error->getMessage());
                continue;
            }
            $done[] = $row;
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
        if ($this->outbox->remove($connection, $done) < count($done)) {
            $this->compare($connection, array_values($taken));
        }
        return $settled;
    }

    /**
     * Another worker was at these changes, too. Where it has sent newer ones before, the hub has an older state for the newest now.
     *
     * @param list<array{model: string, local_id: string}> $taken
     */
    private function compare(Connection $connection, array $taken): void
    {
        foreach ($taken as $of) {
            $definition = $this->definitions->named($of['model']);
            if ($definition !== null) {
                $this->reconciler->one($connection, $definition, $of['local_id'], new Reconciled());
            }
        }
    }

    private function refuse(Connection $connection, OutboxRow $row, string $reason, string $message): void
    {
        $this->outbox->refuse($connection, $row, "$reason: $message");
        $this->events->dispatch(new Events\ChangeRefused($row->model, $row->localId, $reason, $message));
    }
}
