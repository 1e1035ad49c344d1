<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Illuminate\Database\Connection;

/** The database connections that syncable models are on; each has an outbox and an inbox of its own. */
final class Connections
{
    public function __construct(private readonly Definitions $definitions, private readonly Settings $settings)
    {
    }

    /** @return array<string, Connection> by name; the one with the worker's settings first */
    public function all(): array
    {
        $first = $this->settings->connection();
        assert($first instanceof Connection);
        $found = [(string) $first->getName() => $first];
        foreach ($this->definitions->all() as $definition) {
            $connection = $definition->connection();
            assert($connection instanceof Connection);
            $found[(string) $connection->getName()] ??= $connection;
        }
        return $found;
    }
}
