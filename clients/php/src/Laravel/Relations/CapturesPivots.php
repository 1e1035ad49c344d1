<?php

declare(strict_types=1);

namespace Cognate\Laravel\Relations;

use Closure;
use Cognate\Laravel\Sync;

/** Captures the rows of a pivot table that attach, detach, sync, toggle and updateExistingPivot change. */
trait CapturesPivots
{
    /**
     * @param mixed $id
     * @param array<string, mixed> $attributes
     * @param bool $touch
     * @return void
     */
    public function attach($id, array $attributes = [], $touch = true)
    {
        $this->captured(fn () => parent::attach($id, $attributes, $touch));
    }

    /**
     * @param mixed $ids
     * @param bool $touch
     * @return int
     */
    public function detach($ids = null, $touch = true)
    {
        return $this->captured(fn () => parent::detach($ids, $touch));
    }

    /**
     * @param mixed $id
     * @param array<string, mixed> $attributes
     * @param bool $touch
     * @return int
     */
    public function updateExistingPivot($id, array $attributes, $touch = true)
    {
        return $this->captured(fn () => parent::updateExistingPivot($id, $attributes, $touch));
    }

    /**
     * @param mixed $ids
     * @param bool $detaching
     * @return array{attached: array<int, mixed>, detached: array<int, mixed>, updated: array<int, mixed>}
     */
    public function sync($ids, $detaching = true)
    {
        return $this->captured(fn () => parent::sync($ids, $detaching));
    }

    /**
     * @param mixed $ids
     * @param bool $touch
     * @return array{attached: array<int, mixed>, detached: array<int, mixed>}
     */
    public function toggle($ids, $touch = true)
    {
        return $this->captured(fn () => parent::toggle($ids, $touch));
    }

    private function captured(Closure $write): mixed
    {
        return Sync::pivots()->around($this, $this->table, fn (): array => $this->newPivotQuery()->get()->all(), $write);
    }
}
