<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Illuminate\Database\ConnectionInterface;
use Illuminate\Database\ConnectionResolverInterface;

/** What the worker remembers between its runs, and who it is right now. */
final class Settings
{
    public const TABLE = 'cognate_settings';

    public function __construct(private readonly ConnectionResolverInterface $connections, private readonly Options $options)
    {
    }

    public function connection(): ConnectionInterface
    {
        return $this->connections->connection($this->options->connection);
    }

    public function get(string $name): ?string
    {
        $value = $this->connection()->table(self::TABLE)->useWritePdo()->where('name', $name)->value('value');
        return $value === null ? null : (string) $value;
    }

    public function set(string $name, ?string $value): void
    {
        $this->connection()->table(self::TABLE)->upsert([['name' => $name, 'value' => $value]], ['name'], ['value']);
    }
}
