<?php

declare(strict_types=1);

namespace Cognate\Filament\Data;

use Cognate\V1\CreateRunRequest;
use Cognate\V1\Run;
use Cognate\V1\RunKind;
use Cognate\V1\Sync;
use Cognate\V1\SyncStatus;
use Cognate\V1\UpdateSyncRequest;
use Google\Protobuf\FieldMask;

/** What people do with syncs. */
final class SyncActions
{
    public function __construct(private readonly Connection $connection, private readonly Access $access)
    {
    }

    /**
     * Brings everything that a target does not have yet: what has changed, where a sync has an interval, else all records.
     *
     * @return string the run
     */
    public function syncNow(string $id, bool $hasInterval): string
    {
        $this->access->requireManage();
        $kind = $hasInterval ? RunKind::RUN_KIND_SCHEDULED : RunKind::RUN_KIND_BACKFILL;
        $run = (new Run())->setSync("syncs/$id")->setKind($kind);
        return (string) $this->connection->client()->capture()->createRun((new CreateRunRequest())->setRun($run))->getRun()?->getName();
    }

    public function pause(string $id, string $etag): void
    {
        $this->setStatus($id, SyncStatus::SYNC_STATUS_PAUSED, $etag);
    }

    public function resume(string $id, string $etag): void
    {
        $this->setStatus($id, SyncStatus::SYNC_STATUS_ACTIVE, $etag);
    }

    private function setStatus(string $id, int $status, string $etag): void
    {
        $this->access->requireManage();
        $sync = (new Sync())->setName("syncs/$id")->setStatus($status)->setEtag($etag);
        $request = (new UpdateSyncRequest())->setSync($sync)->setUpdateMask((new FieldMask())->setPaths(['status']));
        $this->connection->client()->platformRegistry()->updateSync($request);
    }
}
