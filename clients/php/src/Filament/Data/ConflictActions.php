<?php

declare(strict_types=1);

namespace Cognate\Filament\Data;

use Cognate\V1\ConflictResolution;
use Cognate\V1\ResolveConflictRequest;

/** A person's word on edits that met. */
final class ConflictActions
{
    public function __construct(private readonly Connection $connection, private readonly Access $access)
    {
    }

    /** What is in place is right. */
    public function keep(string $id): void
    {
        $this->resolve($id, ConflictResolution::CONFLICT_RESOLUTION_KEEP, []);
    }

    /**
     * What had lost is written everywhere.
     *
     * @param list<string> $fields only these; empty: all
     */
    public function restore(string $id, array $fields = []): void
    {
        $this->resolve($id, ConflictResolution::CONFLICT_RESOLUTION_RESTORE, $fields);
    }

    /** @param list<string> $fields */
    private function resolve(string $id, int $resolution, array $fields): void
    {
        $this->access->requireManage();
        $request = (new ResolveConflictRequest())->setName("conflicts/$id")->setResolution($resolution)->setFields($fields);
        $this->connection->client()->conflict()->resolveConflict($request);
    }
}
