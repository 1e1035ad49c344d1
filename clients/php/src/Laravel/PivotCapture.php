<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Closure;
use Cognate\V1\Operation;
use Illuminate\Database\Eloquent\Model;
use Illuminate\Database\Eloquent\Relations\BelongsToMany;

/** Turns writes to pivot tables, of which Eloquent tells nothing, into rows of the outbox: by what the rows were and are. */
final class PivotCapture
{
    public function __construct(
        private readonly Definitions $definitions,
        private readonly Records $records,
        private readonly Outbox $outbox,
        private readonly Elsewhere $elsewhere,
        private readonly Capture $capture,
        private readonly Sender $sender,
    ) {
    }

    /**
     * @param BelongsToMany<Model, Model> $relation
     * @param Closure(): list<object> $rows of the relation, as they are
     */
    public function around(BelongsToMany $relation, string $table, Closure $rows, Closure $write): mixed
    {
        $definition = $this->definitionOf($relation, $table);
        if ($definition === null || $this->capture->isQuiet($definition)) {
            return $write();
        }
        $connection = $relation->getParent()->getConnection();
        return $this->capture->inOneTransaction($connection, function () use ($connection, $definition, $rows, $write): mixed {
            $before = $this->byLocalId($definition, $rows());
            // A pivot class captures its own events, but not every detach raises them; and what calls itself is seen once.
            $result = $this->capture->applying(Guard::ofModel($definition), $write);
            $after = $this->byLocalId($definition, $rows());
            $this->capture->safely($connection, function () use ($connection, $definition, $before, $after): void {
                $gone = array_diff_key($before, $after);
                foreach ($gone === [] ? [] : $this->elsewhere->has($connection, $definition->name, array_map('strval', array_keys($gone))) as $localId) {
                    $this->outbox->append($connection, $definition->name, $localId, Operation::OPERATION_DELETE, $this->travelling($definition, $gone[$localId]), null);
                }
                foreach ($after as $localId => $row) {
                    if (!isset($before[$localId]) || $before[$localId] != $row) {
                        $operation = isset($before[$localId]) ? Operation::OPERATION_UPDATE : Operation::OPERATION_CREATE;
                        $this->outbox->append($connection, $definition->name, (string) $localId, $operation, $this->travelling($definition, $row), null);
                    }
                }
                $this->sender->captured($connection);
            });
            return $result;
        });
    }

    /** @param BelongsToMany<Model, Model> $relation */
    private function definitionOf(BelongsToMany $relation, string $table): ?Definition
    {
        // The parent's own definition says which of its pivot tables are models.
        $this->definitions->of($relation->getParent());
        $class = $relation->getPivotClass();
        if (method_exists($class, 'bootSyncable')) {
            return $this->definitions->of(new $class());
        }
        $named = $this->definitions->named($table);
        return $named !== null && $named->table === $table ? $named : null;
    }

    /**
     * @param list<object> $rows
     * @return array<string, array<string, mixed>>
     */
    private function byLocalId(Definition $definition, array $rows): array
    {
        $found = [];
        foreach ($rows as $row) {
            $found[$definition->localId((array) $row)] = (array) $row;
        }
        return $found;
    }

    /**
     * @param array<string, mixed> $row
     * @return array<string, mixed>
     */
    private function travelling(Definition $definition, array $row): array
    {
        $model = $definition->newModel()->setRawAttributes($row);
        $model->exists = true;
        return $this->records->travelling($definition, $model, $row);
    }
}
