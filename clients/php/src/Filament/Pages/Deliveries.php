<?php

declare(strict_types=1);

namespace Cognate\Filament\Pages;

use Cognate\Filament\Data\TableQuery;
use Cognate\Filament\Data\TroubleActions;
use Cognate\Filament\Data\TroubleRows;
use Cognate\Filament\Data\Words;
use Filament\Actions\Action;
use Filament\Forms\Components\TextInput;
use Filament\Tables\Filters\SelectFilter;
use Filament\Tables\Table;
use Illuminate\Pagination\LengthAwarePaginator;

/** Deliveries that are tried again, wait for another record, are held, or fit two records of their target. */
final class Deliveries extends TroublePage
{
    protected const WORDS = 'deliveries';
    protected const ICON = 'heroicon-o-truck';

    protected static ?string $slug = 'cognate/deliveries';
    protected static ?int $navigationSort = 3;

    public function table(Table $table): Table
    {
        return $this->hubTable($table)
            ->columns([...$this->troubleColumns(), Columns::state('state'), Columns::time('next_attempt_at'), Columns::hidden(Columns::text('waits_for'))])
            ->filters([SelectFilter::make('state')->label(Words::of('columns.state'))->options(self::states('retry', 'waiting', 'held', 'conflict'))])
            ->headerActions([$this->retryHeldAction()])
            ->recordActions([$this->explainAction(), $this->retryAction(), $this->discardAction()]);
    }

    protected function rows(TableQuery $query): LengthAwarePaginator
    {
        return self::part(TroubleRows::class)->page(TroubleRows::OPEN, $query);
    }

    private function retryHeldAction(): Action
    {
        return Action::make('retryHeld')
            ->label(Words::of('actions.retry_held'))
            ->icon('heroicon-o-key')
            ->visible(static fn (): bool => self::mayManage())
            ->schema([TextInput::make('identity')->label(Words::of('columns.identity'))->required()->maxLength(200)])
            ->action(fn (array $data) => $this->attempt(static fn (): string => Words::of('done.retried', [
                'count' => self::part(TroubleActions::class)->retryHeld((string) $data['identity']),
            ])));
    }
}
