<?php

declare(strict_types=1);

namespace Cognate\WordPress;

use Cognate\Client\Exception\FailedPrecondition;
use Cognate\Client\Exception\Unavailable;
use Cognate\V1\DeliveryResult;
use Cognate\V1\Operation;
use Cognate\V1\OutcomeStatus;
use Cognate\WordPress\Store\Inbox;
use Cognate\WordPress\Store\InboxRow;

/** Gets deliveries, has them written, and says what became of each. */
final class Receiver
{
    private const BATCH = 100;
    /** Why nothing could be received; empty: nothing is the matter. */
    public string $obstacle = '';

    public function __construct(
        private readonly Hub $hub,
        private readonly Applier $applier,
        private readonly Inbox $inbox,
        private readonly Settings $settings,
    ) {
    }

    /**
     * @param float $wait seconds for the first delivery
     * @param \Closure(): bool $mayGoOn asked before each of them
     * @return int how many were written or refused
     */
    public function receive(float $wait, \Closure $mayGoOn): int
    {
        $this->obstacle = '';
        try {
            $pulled = $this->hub->pull(self::BATCH, $wait, (float) max(1, $this->settings->number('lease_seconds')));
        } catch (FailedPrecondition | Unavailable $error) {
            if (!in_array($error->reason, Hub::OBSTACLES, true)) {
                throw $error;
            }
            $this->obstacle = $error->getMessage();
            return 0;
        }
        $told = [];
        foreach ($pulled as $delivery) {
            if (!$mayGoOn()) {
                break;
            }
            $result = $this->applier->apply($delivery);
            $told[] = $result;
        }
        // Killed here, the next worker reports what was written; the others come again.
        $this->hub->report($told, $pulled->lease);
        // Those that cannot be read.
        $pulled->report();
        $this->inbox->reported(array_map(
            static fn (DeliveryResult $result): array => [$result->getModel(), $result->getEntityId()],
            array_values(array_filter($told, static fn (DeliveryResult $result): bool => $result->getStatus() === OutcomeStatus::OUTCOME_STATUS_APPLIED)),
        ));
        return count($told);
    }

    /**
     * What a dead worker has written is reported before anything is sent: the hub knows a record of here by its local id only from the
     * report on, and would take an edit of it for another record.
     *
     * @param \Closure(): bool $mayGoOn
     */
    public function catchUp(\Closure $mayGoOn): void
    {
        while (($rows = $this->inbox->unreported(500)) !== [] && $mayGoOn()) {
            $known = array_values(array_filter($rows, static fn (InboxRow $row): bool => $row->entityId !== null));
            $known === [] || $this->hub->report(array_map(self::result(...), $known));
            array_map($this->inbox->settle(...), $rows);
        }
    }

    private static function result(InboxRow $row): DeliveryResult
    {
        return new DeliveryResult([
            'entity_id' => (string) $row->entityId, 'model' => $row->model, 'version' => $row->version,
            'status' => OutcomeStatus::OUTCOME_STATUS_APPLIED, 'local_id' => $row->isDeleted ? '' : $row->localId,
            'operation' => $row->isDeleted ? Operation::OPERATION_DELETE : Operation::OPERATION_UPDATE,
        ]);
    }
}
