<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Closure;
use Cognate\V1\DeliveryResult;
use Cognate\V1\Operation;
use Cognate\V1\OutcomeStatus;

/**
 * Says what became of deliveries. What a dead worker has written is reported before anything is sent: the hub knows a record of here by
 * its local id only from the report on, and would take an edit of it for another record.
 */
final class Reporter
{
    private const BATCH = 500;

    public function __construct(
        private readonly Hub $hub,
        private readonly Inbox $inbox,
        private readonly Definitions $definitions,
        private readonly Connections $connections,
    ) {
    }

    /** @param list<DeliveryResult> $results */
    public function report(string $lease, array $results): void
    {
        $this->hub->report($lease, $results);
        $told = [];
        foreach ($results as $result) {
            $definition = $result->getStatus() === OutcomeStatus::OUTCOME_STATUS_APPLIED ? $this->definitions->named($result->getModel()) : null;
            if ($definition !== null) {
                $told[(string) $definition->connection()->getName()][] = [$definition->name, $result->getEntityId()];
            }
        }
        $connections = $this->connections->all();
        foreach ($told as $name => $some) {
            $this->inbox->reported($connections[$name], $some);
        }
    }

    /** @param (Closure(): bool)|null $mayGoOn asked before each report */
    public function catchUp(?Closure $mayGoOn = null): void
    {
        foreach ($this->connections->all() as $connection) {
            while (($rows = $this->inbox->unreported($connection, self::BATCH)) !== [] && ($mayGoOn === null || $mayGoOn())) {
                $known = array_filter($rows, static fn (InboxRow $row): bool => $row->entityId !== null);
                if ($known !== []) {
                    $this->hub->report('', array_values(array_map([self::class, 'result'], $known)));
                }
                $this->inbox->settled($connection, $rows);
            }
        }
    }

    private static function result(InboxRow $row): DeliveryResult
    {
        return (new DeliveryResult())->setEntityId((string) $row->entityId)->setModel($row->model)->setVersion($row->version)
            ->setStatus(OutcomeStatus::OUTCOME_STATUS_APPLIED)->setLocalId($row->isDeleted ? '' : $row->localId)
            ->setOperation($row->isDeleted ? Operation::OPERATION_DELETE : Operation::OPERATION_UPDATE);
    }
}
