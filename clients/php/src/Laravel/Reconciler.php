<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Cognate\V1\Operation;
use Illuminate\Database\Connection;
use Illuminate\Database\Eloquent\Model;

/** Compares a model's records with what was captured last, and captures what differs: writes that raised no events. */
final class Reconciler
{
    private const PAGE = 200;

    public function __construct(
        private readonly Records $records,
        private readonly Outbox $outbox,
        private readonly Inbox $inbox,
    ) {
    }

    public function reconcile(Definition $definition): Reconciled
    {
        $result = new Reconciled();
        $connection = $definition->connection();
        assert($connection instanceof Connection);
        for ($place = 0;; $place += self::PAGE) {
            $query = $definition->newModel()->newQueryWithoutScopes()->useWritePdo();
            foreach ($definition->keyFields as $field) {
                $query->orderBy($field);
            }
            $page = $query->offset($place)->limit(self::PAGE)->get()->all();
            $this->page($connection, $definition, $page, $result);
            if (count($page) < self::PAGE) {
                break;
            }
        }
        $this->gone($connection, $definition, $result);
        return $result;
    }

    /** @param list<Model> $page */
    private function page(Connection $connection, Definition $definition, array $page, Reconciled $result): void
    {
        $ids = array_map(static fn (Model $model): string => $definition->localId($model->getAttributes()), $page);
        $known = $this->inbox->ofRecords($connection, $definition->name, $ids);
        foreach ($page as $place => $model) {
            $row = $known[$ids[$place]] ?? null;
            $fields = $this->records->travelling($definition, $definition->bound($model), $model->getAttributes());
            if ($row !== null && !$row->isDeleted && $row->hash === RawValues::hash($fields) && $this->isIn($definition, $model)) {
                $result->unchanged++;
                continue;
            }
            // Under a lock: a change that somebody saves right now must not be followed by what was read before.
            $connection->transaction(fn () => $this->record($connection, $definition, $ids[$place], $result));
        }
    }

    private function record(Connection $connection, Definition $definition, string $localId, Reconciled $result): void
    {
        $this->inbox->lock($connection);
        $model = $definition->find($localId, true);
        $row = $this->inbox->ofRecord($connection, $definition->name, $localId);
        if ($model === null || $this->outbox->pendingOf($connection, $definition->name, $localId) !== []) {
            return;
        }
        $fields = $this->records->travelling($definition, $model, $model->getAttributes());
        if (!$this->isIn($definition, $model)) {
            if ($row !== null && !$row->isDeleted) {
                $this->outbox->append($connection, $definition->name, $localId, Operation::OPERATION_DELETE, $fields, null);
                $result->deleted++;
            }
            return;
        }
        $isNew = $row === null || $row->isDeleted;
        $this->outbox->append($connection, $definition->name, $localId, $isNew ? Operation::OPERATION_CREATE : Operation::OPERATION_UPDATE, $fields, null);
        $isNew ? $result->created++ : $result->updated++;
    }

    private function isIn(Definition $definition, Model $model): bool
    {
        return (!$definition->isTrashed($model) || $definition->trashed) && (!method_exists($model, 'shouldSync') || $model->shouldSync());
    }

    private function gone(Connection $connection, Definition $definition, Reconciled $result): void
    {
        $after = 0;
        while (($rows = $this->inbox->living($connection, $definition->name, $after, self::PAGE)) !== []) {
            foreach ($rows as $row) {
                $after = $row->id;
                if ($definition->find($row->localId) === null) {
                    $connection->transaction(function () use ($connection, $definition, $row, $result): void {
                        $this->inbox->lock($connection);
                        if ($definition->find($row->localId) === null && $this->outbox->pendingOf($connection, $definition->name, $row->localId) === []) {
                            $this->outbox->append($connection, $definition->name, $row->localId, Operation::OPERATION_DELETE, [], null);
                            $result->deleted++;
                        }
                    });
                }
            }
        }
    }
}
