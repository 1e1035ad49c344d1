<?php

declare(strict_types=1);

namespace Cognate\Filament\Pages;

use Cognate\Filament\Data\SyncActions;
use Cognate\Filament\Data\SyncRows;
use Cognate\Filament\Data\TableQuery;
use Cognate\Filament\Data\Words;
use Filament\Actions\Action;
use Filament\Tables\Filters\SelectFilter;
use Filament\Tables\Table;
use Illuminate\Pagination\LengthAwarePaginator;

/** The syncs: how far each is, started and paused. */
final class Syncs extends HubPage
{
    protected const WORDS = 'syncs';
    protected const ICON = 'heroicon-o-arrows-right-left';

    protected static ?string $slug = 'cognate/syncs';
    protected static ?int $navigationSort = 2;

    public function table(Table $table): Table
    {
        return $this->hubTable($table)
            ->columns([
                Columns::text('title'),
                Columns::text('source'),
                Columns::text('target'),
                Columns::state('status')->tooltip(static fn (array $record): string => $record['broken']),
                Columns::number('total'),
                Columns::number('converged'),
                Columns::number('pending'),
                Columns::number('failed'),
            ])
            ->filters([SelectFilter::make('status')->label(Words::of('columns.status'))->options(self::states('active', 'paused', 'broken', 'held'))])
            ->recordActions([$this->syncNowAction(), $this->pauseAction(), $this->resumeAction()]);
    }

    protected function rows(TableQuery $query): LengthAwarePaginator
    {
        return self::part(SyncRows::class)->page($query);
    }

    private function syncNowAction(): Action
    {
        return Action::make('syncNow')
            ->label(Words::of('actions.sync_now'))
            ->icon('heroicon-o-arrow-path')
            ->requiresConfirmation()
            ->modalDescription(Words::of('syncs.now_help'))
            ->visible(static fn (array $record): bool => $record['status'] !== 'paused' && self::mayManage())
            ->action(fn (array $record) => $this->attempt(static fn (): string => Words::of('syncs.started', [
                'run' => self::part(SyncActions::class)->syncNow($record['id'], $record['has_interval']),
            ])));
    }

    private function pauseAction(): Action
    {
        return Action::make('pause')
            ->label(Words::of('actions.pause'))
            ->icon('heroicon-o-pause')
            ->color('warning')
            ->requiresConfirmation()
            ->visible(static fn (array $record): bool => $record['status'] !== 'paused' && self::mayManage())
            ->action(fn (array $record) => $this->attempt(static function () use ($record): string {
                self::part(SyncActions::class)->pause($record['id'], $record['etag']);
                return Words::of('syncs.paused', ['id' => $record['id']]);
            }));
    }

    private function resumeAction(): Action
    {
        return Action::make('resume')
            ->label(Words::of('actions.resume'))
            ->icon('heroicon-o-play')
            ->visible(static fn (array $record): bool => $record['status'] === 'paused' && self::mayManage())
            ->action(fn (array $record) => $this->attempt(static function () use ($record): string {
                self::part(SyncActions::class)->resume($record['id'], $record['etag']);
                return Words::of('syncs.resumed', ['id' => $record['id']]);
            }));
    }
}
