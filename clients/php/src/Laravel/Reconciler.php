<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Cognate\Laravel\Files\OutgoingFiles;
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
        private readonly OutgoingFiles $files,
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
            if ($row !== null && !$row->isDeleted && $row->hash === RawValues::hash($fields) && $definition->isInSync($model) && !$this->files->isChanged($definition, $fields)) {
                $result->unchanged++;
                continue;
            }
            // Under a lock: a change that somebody saves right now must not be followed by what was read before.
            $this->one($connection, $definition, $ids[$place], $result);
        }
    }

    /** Compares one record, which may be gone. */
    public function one(Connection $connection, Definition $definition, string $localId, Reconciled $result): void
    {
        $connection->transaction(fn () => $this->record($connection, $definition, $localId, $result));
    }

    private function record(Connection $connection, Definition $definition, string $localId, Reconciled $result): void
    {
        $this->inbox->lock($connection);
        $model = $definition->find($localId, true);
        // The outbox first: what is sent meanwhile is in the inbox before it is out of there.
        $isPending = $this->outbox->pendingOf($connection, $definition->name, $localId) !== [];
        $row = $this->inbox->ofRecord($connection, $definition->name, $localId);
        $isKnown = $row !== null && !$row->isDeleted;
        if ($isPending || ($model === null && !$isKnown)) {
            return;
        }
        $fields = $model === null ? [] : $this->records->travelling($definition, $model, $model->getAttributes());
        if ($model === null || !$definition->isInSync($model)) {
            if ($isKnown && ($model === null || $definition->isTakenAway($model))) {
                $this->outbox->append($connection, $definition->name, $localId, Operation::OPERATION_DELETE, $fields, null);
                $result->deleted++;
            }
            return;
        }
        if ($isKnown && $row->hash === RawValues::hash($fields) && !$this->files->isChanged($definition, $fields)) {
            $result->unchanged++;
            return;
        }
        $this->outbox->append($connection, $definition->name, $localId, $isKnown ? Operation::OPERATION_UPDATE : Operation::OPERATION_CREATE, $fields, null);
        $isKnown ? $result->updated++ : $result->created++;
    }

    private function gone(Connection $connection, Definition $definition, Reconciled $result): void
    {
        $after = 0;
        while (($rows = $this->inbox->living($connection, $definition->name, $after, self::PAGE)) !== []) {
            foreach ($rows as $row) {
                $after = $row->id;
                if ($definition->find($row->localId) === null) {
                    $this->one($connection, $definition, $row->localId, $result);
                }
            }
        }
    }
}
