<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Illuminate\Database\Eloquent\Model;

/**
 * Writes the records of one model in the place of the package: into several tables, or by a class of the application.
 *
 * It is called within the transaction that also remembers the delivery, and comes out of the container. What it writes of its own model
 * is not captured again. It says that it cannot by throwing: Exceptions\DeliveryRejected (never), DeliveryFailed (later),
 * DeliveryConflict (a person decides), DeliveryUnauthenticated (nobody is logged in for the identity).
 */
interface Handler
{
    /**
     * Creates or updates the record.
     *
     * @param Model|null $record the record, where there is one
     * @return Model|string the record, or its local id
     */
    public function write(Incoming $incoming, ?Model $record): Model|string;

    /** Deletes it. It is not called where there is none. */
    public function delete(Incoming $incoming, Model $record): void;
}
