<?php

declare(strict_types=1);

namespace Cognate\Laravel\Files;

use Cognate\Laravel\Capture;
use Cognate\Laravel\Definitions;
use Cognate\Laravel\Inbox;
use Illuminate\Database\Connection;

/** Captures records anew whose files have changed without them. */
final class FileOwners
{
    private const MOST = 100;

    public function __construct(
        private readonly Definitions $definitions,
        private readonly FileResolvers $resolvers,
        private readonly Capture $capture,
        private readonly Inbox $inbox,
    ) {
    }

    /** @return bool false: there is no such record any more, or it is not published */
    public function capture(string $model, string $localId): bool
    {
        $definition = $this->definitions->named($model);
        if ($definition === null) {
            return false;
        }
        $connection = $definition->connection();
        assert($connection instanceof Connection);
        return $connection->transaction(function () use ($connection, $definition, $localId): bool {
            $this->inbox->lock($connection);
            $record = $definition->find($localId, true);
            return $record !== null && $this->capture->asItIs($definition, $record, array_keys($this->resolvers->fields($definition)));
        });
    }

    /**
     * Records whose columns have a path.
     *
     * @return int how many were captured
     */
    public function captureThoseOf(string $path): int
    {
        $captured = 0;
        foreach ($this->definitions->all() as $definition) {
            foreach ($this->resolvers->fields($definition) as $field) {
                if (!$field->isColumn()) {
                    continue;
                }
                $query = $definition->newModel()->newQueryWithoutScopes()->useWritePdo();
                if ($field->kind === FileField::COLUMN) {
                    $query->where($field->name, $path);
                } else {
                    $query->where($field->name, 'like', '%' . addcslashes(trim((string) json_encode($path), '"'), '%_\\') . '%');
                }
                foreach ($query->limit(self::MOST)->get() as $record) {
                    $captured += $this->capture($definition->name, $definition->localId($record->getAttributes())) ? 1 : 0;
                }
            }
        }
        return $captured;
    }
}
