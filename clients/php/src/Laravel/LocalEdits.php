<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Closure;
use Cognate\V1\Delivery;
use Cognate\V1\Operation;
use Illuminate\Database\Connection;
use Illuminate\Database\Eloquent\Model;

/**
 * Where a delivery meets an edit of here that the hub does not have yet. What only the delivery changes is written; what the edit
 * changed stays, as it is captured later than what it meets, and goes out as the record's next version. Nothing is sent that never was.
 */
final class LocalEdits
{
    public function __construct(private readonly Outbox $outbox)
    {
    }

    /** @return list<OutboxRow> */
    public function of(Connection $connection, Definition $definition, string $localId): array
    {
        return $this->outbox->pendingOf($connection, $definition->name, $localId);
    }

    /**
     * @param array<string, mixed> $attributes
     * @param non-empty-list<OutboxRow> $pending
     * @return array{array<string, mixed>, list<object>} what is left to write
     */
    public function merge(Connection $connection, Definition $definition, Delivery $delivery, string $localId, Model $record, array $attributes, array $pending): array
    {
        $lost = $here = $mine = [];
        foreach ($pending as $row) {
            $mine += array_fill_keys($row->changed ?? array_keys($attributes), true);
        }
        foreach (array_intersect_key($attributes, $mine) as $column => $value) {
            $current = $record->getAttributes()[$column] ?? null;
            if ($current != $value) {
                $lost[$column] = $value;
                $here[$column] = $current;
            }
            unset($attributes[$column]);
        }
        foreach ($pending as $row) {
            $fields = array_merge($row->fields, array_intersect_key($attributes, $row->fields));
            if ($attributes !== []) {
                $this->outbox->rewrite($connection, $row, $fields);
            }
        }
        return [$attributes, $lost === [] ? [] : [new Events\ConflictDetected($definition->name, $localId, $delivery->getEntityId(), $here, $lost, '')]];
    }

    /**
     * What was deleted on one platform is gone on all: edits of here go with it. The hub has them, or may have them, from another worker
     * or from one that died before it read the answer, and would take them for a record that was made anew after the delete: it hears
     * that this is gone, too.
     *
     * @param bool $isNewerAtHub whether the hub has taken an edit of here after that delete
     * @param Closure(): array<string, mixed> $fields gives the record, before it is deleted
     * @return list<object>
     */
    public function give(Connection $connection, Definition $definition, Delivery $delivery, string $localId, bool $isNewerAtHub, Closure $fields): array
    {
        $pending = $this->of($connection, $definition, $localId);
        $isTold = $pending !== [] && end($pending)->operation === Operation::OPERATION_DELETE;
        if ($isTold || ($pending === [] && !$isNewerAtHub)) {
            return [];
        }
        $this->outbox->remove($connection, $pending);
        $this->outbox->append($connection, $definition->name, $localId, Operation::OPERATION_DELETE, $fields(), null);
        return $pending === [] ? [] : [new Events\ConflictDetected($definition->name, $localId, $delivery->getEntityId(), end($pending)->fields, [], '')];
    }

    /** A record that comes back is no longer to be told as gone, but by somebody who had it back before and deleted it here. */
    public function takeBackDelete(Connection $connection, Definition $definition, string $localId): bool
    {
        $pending = $this->of($connection, $definition, $localId);
        return count($pending) === 1 && $pending[0]->operation === Operation::OPERATION_DELETE && $this->outbox->remove($connection, $pending) === 1;
    }
}
