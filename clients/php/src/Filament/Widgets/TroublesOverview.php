<?php

declare(strict_types=1);

namespace Cognate\Filament\Widgets;

use Cognate\Filament\Data\Words;
use Filament\Widgets\StatsOverviewWidget;

/** What went wrong, and how far the targets are behind. */
final class TroublesOverview extends StatsOverviewWidget
{
    use AsksHub;

    protected ?string $pollingInterval = '15s';

    protected function getStats(): array
    {
        return self::statsOr(static function (): array {
            $errors = self::statistics()->errors();
            $lag = self::statistics()->lag();
            $behind = self::statistics()->throughput()['behind'];
            $since = $errors['oldest'] === null ? '' : Words::of('widgets.since', ['time' => $errors['oldest']]);
            $waits = $lag['pending'] === 0 ? '' : Words::of('widgets.to_send', $lag);
            return [
                self::stat('errors', $errors['dead'] + $errors['conflict'], $errors['dead'] + $errors['conflict'] > 0 ? 'danger' : 'success', $since),
                self::stat('on_hold', $errors['held'] + $errors['retry'] + $errors['waiting'], $errors['held'] > 0 ? 'warning' : 'gray'),
                self::stat('lag', $behind, $behind > 0 ? 'warning' : 'success', $waits),
            ];
        });
    }
}
