<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Closure;
use Illuminate\Container\Container;
use Illuminate\Database\Eloquent\Model;

/** The front door for applications. */
final class Sync
{
    /**
     * Writes of any model within are not captured.
     *
     * @template T
     * @param Closure(): T $write
     * @return T
     */
    public static function withoutSyncing(Closure $write): mixed
    {
        return self::capture()->withoutSyncing($write);
    }

    /**
     * Captures every record of a model that differs from what was captured last, and the deletes that nobody saw.
     *
     * @param string $model its class, or its name at the hub
     * @return int how many
     */
    public static function reconcile(string $model): int
    {
        return self::make(Reconciler::class)->reconcile(self::make(Definitions::class)->find($model)
            ?? throw new Exceptions\InvalidDefinition("cognate: $model is not among the models of config/cognate.php"))->captured();
    }

    /** What is known of a record; null: nothing yet. */
    public static function status(Model $record): ?InboxRow
    {
        $definition = self::make(Definitions::class)->of($record);
        return $definition === null
            ? null
            : self::make(Inbox::class)->ofRecord($record->getConnection(), $definition->name, $definition->localId($record->getAttributes()));
    }

    public static function isPending(Model $record): bool
    {
        $definition = self::make(Definitions::class)->of($record);
        return $definition !== null
            && self::make(Outbox::class)->pendingOf($record->getConnection(), $definition->name, $definition->localId($record->getAttributes())) !== [];
    }

    /** Whether writes of the model are captured right now. */
    public static function isOn(Model $record): bool
    {
        return self::capture()->isOn($record);
    }

    public static function capture(): Capture
    {
        return self::make(Capture::class);
    }

    public static function pivots(): PivotCapture
    {
        return self::make(PivotCapture::class);
    }

    /**
     * @template T of object
     * @param class-string<T> $class
     * @return T
     */
    private static function make(string $class): object
    {
        return Container::getInstance()->make($class);
    }
}
